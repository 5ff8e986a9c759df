// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <nlohmann/json.hpp>

#include "link.h"
#include "pmu.h"
#include "quantities.h"

namespace xvnet::bench {

namespace {

constexpr int kRuns = 7;
constexpr const char* kServerIp = "10.0.0.2";

// Two machines, each a namespace behind a veth of the host.
class VethPair {
 public:
  VethPair() {
    for (int machine = 0; machine < 2; machine++) {
      test::add_veth(host_.ns(), port(machine), guest(machine), "eth0");
      test::prepare_far_end(guest(machine), "eth0");
    }
  }

  const test::Host& host() const { return host_; }
  static std::string port(int machine) { return "port" + std::to_string(machine); }

  // Once the ports are connected.
  void start() {
    for (int machine = 0; machine < 2; machine++) {
      test::add_address(guest(machine), "eth0", "10.0.0." + std::to_string(machine + 2) + "/24");
      test::set_up(guest(machine), "eth0");
      test::set_up(host_.ns(), port(machine));
      test::await_ready(guest(machine), "eth0");
    }
  }

  // Bits a second that arrived. Sender and receiver have a CPU each.
  double transfer(const std::vector<int>& cpus) {
    const std::string far = std::to_string(cpus.front());
    const std::string near = std::to_string(cpus.back());
    test::RunningCommand server({"iperf3", "-s", "-1", "-A", far},
                                {.netns_path = guests_[0].path(), .environment = {}});
    const auto listens = [&] {
      return guests_[0].run({"ss", "-Hltn", "sport = :5201"}).out.find("LISTEN") !=
             std::string::npos;
    };
    if (!test::eventually(listens)) throw test::SetupError("starting iperf3: it does not listen");
    const auto client = guests_[1].must({"iperf3", "-c", kServerIp, "-t", "2", "-J", "-A", near});
    server.wait();
    return nlohmann::json::parse(client.out)["end"]["sum_received"]["bits_per_second"];
  }

 private:
  test::NetNs& guest(int machine) { return guests_[static_cast<size_t>(machine)]; }

  test::NetNs guests_[2];
  test::Host host_;
};

void connect_by_bridge(VethPair& pair) {
  const test::NetNs& ns = pair.host().ns();
  ns.must({"ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0"});
  test::set_up(ns, "br0");
  for (int machine = 0; machine < 2; machine++)
    ns.must({"ip", "link", "set", "dev", VethPair::port(machine), "master", "br0"});
}

void connect_by_xvnet(VethPair& pair, const std::string& mode) {
  for (int machine = 0; machine < 2; machine++)
    pair.host().attach(VethPair::port(machine), {"--vlan", "10", "--mode", mode});
}

}  // namespace

void measure_bulk(Results& results) {
  VethPair bridge, tc, xdp;
  connect_by_bridge(bridge);
  connect_by_xvnet(tc, "tc");
  connect_by_xvnet(xdp, "xdp");
  const std::vector<std::pair<std::string, VethPair*>> all = {
      {"bridge", &bridge}, {"xvnet tc", &tc}, {"xvnet xdp", &xdp}};
  std::map<std::string, double> best;
  for (const auto& [name, pair] : all) pair->start();
  const std::vector<int>& cpus = allowed_cpus();
  // In turns, and the best of each: what else the machine does only takes away.
  for (int run = 0; run < kRuns; run++) {
    for (const auto& [name, pair] : all) {
      check_interrupted();
      best[name] = std::max(best[name], pair->transfer(cpus) / 1e9);
    }
  }
  for (const auto& [name, rate] : best) results.add("bulk TCP, " + name, {rate, "Gbit/s"});
}

}  // namespace xvnet::bench
