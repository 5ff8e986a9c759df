// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "link.h"
#include "machine_pair.h"
#include "pmu.h"
#include "quantities.h"

namespace xvnet::bench {

namespace {

constexpr int kRuns = 7;

void connect_by_bridge(MachinePair& pair) {
  const test::NetNs& ns = pair.host().ns();
  ns.must({"ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0"});
  test::set_up(ns, "br0");
  for (int machine = 0; machine < 2; machine++)
    ns.must({"ip", "link", "set", "dev", MachinePair::port(machine), "master", "br0"});
}

void connect_by_xvnet(MachinePair& pair, const std::string& mode) {
  for (int machine = 0; machine < 2; machine++)
    pair.host().attach(MachinePair::port(machine), {"--vlan", "10", "--mode", mode});
}

void measure_kind(PortKind kind, const std::string& what, Results& results) {
  MachinePair bridge(kind), tc(kind), xdp(kind);
  connect_by_bridge(bridge);
  connect_by_xvnet(tc, "tc");
  connect_by_xvnet(xdp, "xdp");
  const std::vector<std::pair<std::string, MachinePair*>> all = {
      {"bridge", &bridge}, {"xvnet tc", &tc}, {"xvnet xdp", &xdp}};
  std::map<std::string, double> best;
  for (const auto& [name, pair] : all) pair->start();
  const std::vector<int>& cpus = allowed_cpus();
  // The stacks take turns, and the best run counts: other load on the machine only reduces the
  // rate.
  for (int run = 0; run < kRuns; run++) {
    for (const auto& [name, pair] : all) {
      check_interrupted();
      best[name] = std::max(best[name], pair->transfer(cpus) / 1e9);
    }
  }
  for (const auto& [name, rate] : best)
    results.add(fmt::format("{}, {}", what, name), {rate, "Gbit/s"});
}

}  // namespace

void measure_bulk(Results& results) {
  measure_kind(PortKind::kVeth, "bulk TCP", results);
  measure_kind(PortKind::kTap, "bulk TCP through TAPs", results);
}

}  // namespace xvnet::bench
