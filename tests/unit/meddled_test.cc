// SPDX-License-Identifier: BSD-2-Clause
//
// When other software changes devices or addresses that are in use, doctor names the fault and a
// fix that works.
#include "fixture.h"
#include "loader/show/doctor.h"

namespace xvnet::test {
namespace {

class OutsideChange : public OnFakeHost {
 protected:
  void SetUp() override {
    host_.add_nic("eth0").addresses = {"203.0.113.1/24"};
    must(add_uplink(uplink("eth0")));
    must(add_network(with_snat(tenant("green", 10), {"203.0.113.5"})));
    must(add_network(lab()));
  }
  static NetworkRequest lab() {
    NetworkRequest request = network("lab");
    request.host_addresses = {"10.5.0.1/24"};
    return request;
  }
  // The first finding that is not ok.
  std::optional<Finding> complaint() {
    host_.start_process();
    const auto findings = examine_instance(host_);
    if (!findings) return std::nullopt;
    for (const Finding& finding : *findings)
      if (finding.health != Health::kOk) return finding;
    return std::nullopt;
  }
  void expect(const std::string& detail, const std::string& fix) {
    const auto found = complaint();
    ASSERT_TRUE(found) << detail;
    EXPECT_NE(found->detail.find(detail), std::string::npos) << found->detail;
    EXPECT_EQ(found->fix, fix) << found->detail;
  }
  void expect_none() {
    const auto found = complaint();
    EXPECT_FALSE(found) << found->detail;
  }
};

TEST_F(OutsideChange, HostWithAFloatingAddressGetsARemovalFix) {
  must(add_forward(floating("green", "203.0.113.7", "10.0.0.7")));
  expect_none();
  host_.device("eth0").addresses.insert("203.0.113.7/24");
  expect("the host now has 203.0.113.7, the address of a forward, on \"eth0\"",
         "ip address del 203.0.113.7/24 dev eth0");
  host_.device("eth0").addresses.erase("203.0.113.7/24");
  expect_none();
}

TEST_F(OutsideChange, HostWithAPoolAddressGetsARemovalFix) {
  host_.add_nic("eth9").addresses = {"203.0.113.5/32"};
  expect("the public address 203.0.113.5 of its VMs was assigned to \"eth9\"",
         "ip address del 203.0.113.5/32 dev eth9");
  host_.device("eth9").addresses.clear();
  expect_none();
}

TEST_F(OutsideChange, ForwardAddressOnAnotherDeviceGetsARemovalFix) {
  must(add_forward(forward("green", {"203.0.113.9", 80}, {"10.0.0.7", 80})));
  host_.add_nic("eth9").addresses = {"203.0.113.9/32"};
  expect("the host now has 203.0.113.9, the address of a forward, on \"eth9\"",
         "ip address del 203.0.113.9/32 dev eth9");
}

TEST_F(OutsideChange, UplinkInABridgeGetsARemovalFix) {
  FakeDevice& bridge = host_.add_nic("br9");
  bridge.link.type = "bridge";
  host_.device("eth0").link.master = bridge.link.ifindex;
  expect("member of \"br9\"", "ip link set dev eth0 nomaster");
  bridge.link.type = "openvswitch";
  expect("member of \"br9\"", "ovs-vsctl del-port eth0");
}

TEST_F(OutsideChange, PortInOpenVSwitchGetsAnOvsFix) {
  must(attach(on_vlan("tap0", 20)));
  FakeDevice& bridge = host_.add_nic("ovs-system");
  bridge.link.type = "openvswitch";
  host_.device("tap0").link.master = bridge.link.ifindex;
  expect("member of \"ovs-system\"", "ovs-vsctl del-port tap0");
  bridge.link.type = "bridge";
  expect("member of \"ovs-system\"", "«attach» tap0 ‹vlan› 20");
}

TEST_F(OutsideChange, HostInterfaceInABridgeOrWithoutArpIsRepaired) {
  const std::uint32_t bridge = host_.add_nic("br9").link.ifindex;
  host_.device("xv-lab").link.master = bridge;
  expect("\"xv-lab\" is a member of \"br9\"", "ip link set dev xv-lab nomaster");
  must(set_network(lab()));
  expect_none();
  host_.device("xv-lab").link.noise.has_arp = false;
  expect("ARP was turned off on its host interface \"xv-lab\"",
         "«network set» lab ‹host_addresses› 10.5.0.1/24");
  must(set_network(lab()));
  expect_none();
}

TEST_F(OutsideChange, GlobalSysctlThatOverridesTheGuardIsReported) {
  host_.overrule({"net.ipv4.conf.all.rp_filter", "1"});
  expect("net.ipv4.conf.all.rp_filter overrides", "sysctl -w net.ipv4.conf.all.rp_filter=1");
}

}  // namespace
}  // namespace xvnet::test
