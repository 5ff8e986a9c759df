// SPDX-License-Identifier: BSD-2-Clause
//
// `uplink add --shared-xdp`: xvnet runs beside other XDP programs through libxdp's dispatcher.
#include <optional>

#include "lab.h"
#include "xdp_neighbour.h"

namespace xvnet::test {
namespace {

class SharedXdp : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why_not = why_no_shared_xdp(lab.host);
    if (!why_not.empty()) GTEST_SKIP() << why_not;
    wire = &lab.add_wire("eth0");
    before.emplace(lab.ns(), "eth0", XdpNeighbour::kBeforeXvnet);
    lab.host.uplink_add("eth0", {"--mode", "xdp", "--shared-xdp"});
    after.emplace(lab.ns(), "eth0", XdpNeighbour::kAfterXvnet);
    lab.ears.settle();
    vm = &lab.add_vm("tap0", {"--vlan", "10", "--mode", "xdp"});
    vm->send(udp4(Ends::between(kMacA, kBroadcast)));
    EXPECT_TRUE(eventually([&] { return lab.host.learnt_at("vlan10", kMacA) == "tap0"; }));
  }

  // TCP with a complete checksum, which XDP forwards itself.
  void expect_carries() {
    const Frame in = tcp4(Ends::between(kMacWire, kMacA));
    wire->send(in.tagged(10));
    EXPECT_EQ(lab.where(in), (Places{"tap0"}));
    EXPECT_EQ(lab.at("tap0", in).bytes, in.bytes);
    const Frame out = tcp4(Ends::between(kMacA, kMacWire));
    vm->send(out);
    EXPECT_EQ(lab.where(out), (Places{"wire:eth0"}));
    EXPECT_EQ(lab.at("wire:eth0", out).bytes, out.tagged(10).bytes);
  }

  // Sends a frame of VLAN 10, then one with a VID of the host.
  void send_both() {
    wire->send(tcp4(Ends::between(kMacWire, kMacA)).tagged(10));
    wire->send(udp4(Ends::between(kMacWire, kBroadcast)).tagged(99));
    lab.ears.flush();
  }

  Lab lab;
  PacketSocket* wire = nullptr;
  Tap* vm = nullptr;
  std::optional<XdpNeighbour> before;
  std::optional<XdpNeighbour> after;
};

TEST_F(SharedXdp, EveryProgramRuns) {
  expect_carries();
  const auto first = before->frames();
  const auto last = after->frames();
  send_both();
  EXPECT_TRUE(eventually([&] { return before->frames() == first + 2; })) << before->frames();
  // The later program sees only the host's frame, because xvnet redirected the other one.
  EXPECT_TRUE(eventually([&] { return after->frames() == last + 1; })) << after->frames();
  EXPECT_EQ(lab.host.uplink("eth0").at("mode"), "xdp");
}

TEST_F(SharedXdp, UplinkDelKeepsTheOtherPrograms) {
  lab.host.must({"uplink", "del", "eth0"});
  const auto first = before->frames();
  const auto last = after->frames();
  send_both();
  EXPECT_TRUE(eventually([&] { return before->frames() == first + 2; })) << before->frames();
  EXPECT_TRUE(eventually([&] { return after->frames() == last + 2; })) << after->frames();
}

TEST_F(SharedXdp, OtherProgramsMayDetach) {
  before.reset();
  expect_carries();
  after.reset();
  expect_carries();
  EXPECT_EQ(lab.host.uplink("eth0").at("state"), "up");
  lab.host.must({"uplink", "add", "eth0", "--mode", "xdp", "--shared-xdp"});
  expect_carries();
}

// A dispatcher is attached by netlink, so another program can replace it. The tc programs then
// carry all frames.
TEST_F(SharedXdp, ReplacedDispatcherIsReportedAndRestored) {
  lab.ns().must({"ip", "link", "set", "dev", "eth0", "xdp", "off"});
  EXPECT_EQ(lab.host.uplink("eth0").at("state"), "incomplete");
  expect_carries();
  lab.host.must({"uplink", "add", "eth0", "--mode", "xdp", "--shared-xdp"});
  EXPECT_EQ(lab.host.uplink("eth0").at("state"), "up");
  expect_carries();
}

}  // namespace
}  // namespace xvnet::test
