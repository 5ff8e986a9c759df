// SPDX-License-Identifier: BSD-2-Clause
//
// The backstop blocks a VM when its port loses its programs. The tests remove pins, links, filters
// and the qdisc while the VM floods. No frame may reach the host's stack or be routed by the host.
#include <atomic>
#include <thread>

#include "lab.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

struct Kind {
  const char* mode;
  const char* no_tcx;  // XVNET_NO_TCX
  bool has_snat;       // the kernel then forwards frames of the port
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.mode; }

// Shell commands in the host. $PINS is the instance's directory, and $PORT is the port's ifindex.
const Words kRemovals = {
    "rm -f $PINS/*/links/$PORT-*",
    "rm -rf $PINS",
    "tc qdisc del dev tap0 clsact",
    "tc filter del dev tap0 ingress",
};

class Backstop : public ::testing::TestWithParam<Kind> {
 protected:
  Backstop() {
    lab.add_wire("eth0");
    add_address(lab.ns(), "eth0", "198.51.100.1/24");
    lab.ns().must({"ip", "route", "add", "default", "via", "198.51.100.254"});
    lab.host.uplink_add("eth0", with_mode({}));
    Words network = {"network", "add", "green"};
    if (GetParam().has_snat)
      network.insert(network.end(),
                     {"--subnet", "10.0.0.0/24", "--gateway", "10.0.0.254", "--snat", "auto"});
    lab.host.must(network);
    vm = &lab.add_vm("tap0", with_mode({"--network", "green"}));
    lab.listen_to_host();
    lab.ears.settle();
  }

  static Words with_mode(Words words) {
    words.insert(words.end(), {"--mode", GetParam().mode});
    return words;
  }

  // Frames to the host, frames for the host to route, and broadcasts.
  std::vector<Frame> frames() const {
    Ends ends = Ends::between(kMacA, mac_of(lab.ns(), "tap0"));
    ends.dst_ip = "198.51.100.1";
    std::vector<Frame> all = {udp4(ends), tcp4(ends), arp_request(ends)};
    ends.dst_ip = "203.0.113.9";
    all.push_back(udp4(ends));
    ends.dst_mac = kBroadcast;
    ends.dst_ip = "255.255.255.255";
    all.push_back(udp4(ends));
    return all;
  }

  void remove(const std::string& line) const {
    lab.ns().run({"sh", "-c",
                  "PINS=" + pin_root(lab.host.instance()) +
                      "; PORT=" + std::to_string(ifindex(lab.ns(), "tap0")) + "; " + line});
  }

  const Variable no_tcx_{"XVNET_NO_TCX", GetParam().no_tcx};
  Lab lab;
  Tap* vm = nullptr;
};

INSTANTIATE_TEST_SUITE_P(By, Backstop,
                         ::testing::Values(Kind{"tc", "", false}, Kind{"tc", "", true},
                                           Kind{"tc", "1", false}, Kind{"tc", "1", true},
                                           Kind{"xdp", "", false}, Kind{"xdp", "", true}),
                         [](const auto& kind) {
                           return std::string(kind.param.mode) +
                                  (*kind.param.no_tcx ? "Clsact" : "") +
                                  (kind.param.has_snat ? "Snat" : "");
                         });

TEST_P(Backstop, RemovedPartsLetNoFrameReachTheHost) {
  const std::vector<Frame> flood = frames();
  std::atomic<bool> is_over = false;
  std::thread flooding([&] {
    while (!is_over)
      for (const Frame& frame : flood) vm->send(frame);
  });
  for (const std::string& line : kRemovals) remove(line);
  is_over = true;
  flooding.join();
  const std::vector<Frame> after = frames();
  for (const Frame& frame : after) vm->send(frame);
  lab.ears.flush();
  EXPECT_TRUE(is_up(lab.ns(), "tap0"));
  for (const auto* sent : {&flood, &after})
    for (const Frame& frame : *sent) {
      EXPECT_FALSE(lab.seen_at(frame).contains("host"));
      EXPECT_FALSE(lab.seen_at(frame).contains("wire:eth0"));
    }
}

// Removes one part at a time. A single attach must restore it.
TEST_P(Backstop, AttachRestoresEachRemovedPart) {
  for (const std::string& line : kRemovals) {
    if (line == "rm -rf $PINS") continue;  // the instance is then unknown
    remove(line);
    for (const Frame& frame : frames()) {
      vm->send(frame);
      EXPECT_FALSE(lab.where(frame).contains("host")) << line;
    }
    // The kernel detaches an XDP program some time after its last pin is removed.
    const Words attach = with_mode({"attach", "tap0", "--network", "green"});
    EXPECT_TRUE(eventually([&] { return lab.host.xvnet(attach).ok(); })) << line;
    lab.host.must({"doctor"});
  }
}

// Without programs and backstop, these frames do reach the host. So the other tests can fail.
TEST_P(Backstop, WithoutBackstopFramesReachTheHost) {
  for (const std::string& line : kRemovals) remove(line);
  lab.ns().must({"nft", "delete", "table", "netdev", "xvnet"});
  for (const Frame& frame : frames()) {
    vm->send(frame);
    EXPECT_TRUE(lab.where(frame).contains("host"));
  }
}

// Each port has its own chain. Its chain is deleted with the port, and the table is deleted with
// the last chain.
TEST_P(Backstop, IsRemovedWithItsPort) {
  const auto ruleset = [&] { return lab.ns().must({"nft", "list", "ruleset"}).out; };
  lab.host.attach("tap1", with_mode({"--network", "green"}));
  EXPECT_NE(ruleset().find("device \"tap1\""), std::string::npos) << ruleset();
  lab.host.must({"detach", "tap1"});
  EXPECT_EQ(ruleset().find("device \"tap1\""), std::string::npos) << ruleset();
  EXPECT_NE(ruleset().find("device \"tap0\""), std::string::npos) << ruleset();
  lab.host.down();
  EXPECT_EQ(ruleset(), "");
}

TEST_P(Backstop, IsRemovedWithItsPortAfterARename) {
  lab.host.attach("tap1", with_mode({"--network", "green"}));
  lab.ns().must({"ip", "link", "set", "tap1", "down"});
  lab.ns().must({"ip", "link", "set", "tap1", "name", "tap2"});
  lab.host.must({"detach", "tap2"});
  const std::string ruleset = lab.ns().must({"nft", "list", "ruleset"}).out;
  for (const char* name : {"tap1", "tap2"})
    EXPECT_EQ(ruleset.find(name), std::string::npos) << ruleset;
}

TEST_P(Backstop, IsRemovedWithItsPortAfterDeviceDeletion) {
  lab.host.attach("tap1", with_mode({"--network", "green"}));
  delete_link(lab.ns(), "tap1");
  lab.host.must({"detach", "tap1"});
  const std::string ruleset = lab.ns().must({"nft", "list", "ruleset"}).out;
  EXPECT_EQ(ruleset.find("device \"tap1\""), std::string::npos) << ruleset;
}

}  // namespace
}  // namespace xvnet::test
