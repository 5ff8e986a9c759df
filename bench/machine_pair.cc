// SPDX-License-Identifier: BSD-2-Clause
#include "machine_pair.h"

#include <nlohmann/json.hpp>

#include "link.h"
#include "pump.h"

namespace xvnet::bench {

namespace {

constexpr const char* kServerIp = "10.0.0.2";

}  // namespace

MachinePair::MachinePair(PortKind kind) {
  for (int machine = 0; machine < 2; machine++) {
    if (kind == PortKind::kTap) {
      pumps_.push_back(std::make_unique<Pump>(host_.ns(), port(machine), guest(machine), "eth0"));
    } else {
      test::add_veth(host_.ns(), port(machine), guest(machine), "eth0");
      test::prepare_far_end(guest(machine), "eth0");
    }
  }
}

MachinePair::~MachinePair() = default;

void MachinePair::start() {
  for (int machine = 0; machine < 2; machine++) {
    test::add_address(guest(machine), "eth0", "10.0.0." + std::to_string(machine + 2) + "/24");
    test::set_up(guest(machine), "eth0");
    test::set_up(host_.ns(), port(machine));
    test::await_ready(guest(machine), "eth0");
  }
}

double MachinePair::transfer(const std::vector<int>& cpus) const {
  const std::string far = std::to_string(cpus.front());
  const std::string near = std::to_string(cpus.back());
  test::RunningCommand server({"iperf3", "-s", "-1", "-A", far},
                              {.netns_path = guest(0).path(), .environment = {}});
  const auto listens = [&] {
    return guest(0).run({"ss", "-Hltn", "sport = :5201"}).out.find("LISTEN") != std::string::npos;
  };
  if (!test::eventually(listens)) throw test::SetupError("starting iperf3: it does not listen");
  const auto client = guest(1).must({"iperf3", "-c", kServerIp, "-t", "2", "-J", "-A", near});
  server.wait();
  if (!pumps_.empty() && pumps_.front()->big_frames() == 0)
    throw test::SetupError("measuring TCP through TAPs: no TSO frame arrived as one");
  return nlohmann::json::parse(client.out)["end"]["sum_received"]["bits_per_second"];
}

}  // namespace xvnet::bench
