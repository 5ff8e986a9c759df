// SPDX-License-Identifier: BSD-2-Clause
//
// When xvnet gives a device back, every setting is as before, except those that the operator
// changed meanwhile.
#include "lab.h"

namespace xvnet::test {
namespace {

class ReleasedDevice : public ::testing::Test {
 protected:
  ReleasedDevice() {
    shell("ip link add e0 type veth peer name e0-far; ip link set e0 mtu 1300");
    shell("ip tuntap add t0 mode tap");
  }
  void shell(const std::string& line) const { host.ns().must({"sh", "-ec", line}); }
  std::string shown(const std::string& line) const {
    return host.ns().must({"sh", "-ec", line}).out;
  }
  // All settings that ip(8) and sysctl(8) show, except whether the device is up.
  std::string settings(const std::string& dev) const {
    return shown("ip -d -o link show " + dev +
                 " | grep -o -E 'NOARP|mtu [0-9]+|addrgenmode [a-z0-9_]+'; "
                 "sysctl -a 2>/dev/null | grep -E '^net.ipv[46].conf." +
                 dev + "[.]'");
  }

  Host host{Ipv6::kNormal};
};

TEST_F(ReleasedDevice, HasItsSettingsAfterDetach) {
  for (const char* before :
       {"true", "sysctl -qw net.ipv6.conf.$D.disable_ipv6=1", "ip link set $D addrgenmode none",
        "ip link set $D addrgenmode random", "ip link set $D arp off"}) {
    for (const std::string dev : {"e0", "t0"}) {
      for (const char* mtu : {"1400", "1000"}) {
        shell("D=" + dev + "; " + before);
        const std::string was = settings(dev);
        host.attach(dev, {"--vlan", "10", "--mtu", mtu});
        ASSERT_NE(settings(dev), was);
        host.must({"detach", dev});
        EXPECT_EQ(settings(dev), was) << before << ", " << mtu;
      }
    }
  }
}

TEST_F(ReleasedDevice, HasItsSettingsAfterDown) {
  shell("ip link set e0 addrgenmode random; ip link set t0 arp off");
  const std::string was = settings("e0") + settings("t0");
  host.attach("e0", {"--vlan", "10", "--mtu", "1400"});
  host.attach("t0", {"--vlan", "10", "--mtu", "9000"});
  host.down();
  EXPECT_EQ(settings("e0") + settings("t0"), was);
}

TEST_F(ReleasedDevice, HasItsSettingsAfterAFailedAttach) {
  shell("sysctl -qw net.ipv6.conf.t0.disable_ipv6=1; ip link set t0 addrgenmode none");
  const std::string was = settings("t0");
  host.attach("e0", {"--vlan", "10", "--mac", "02:00:00:00:00:07"});
  shell("ip link set e0-far up");  // with a carrier, a port keeps its MAC
  const auto refused =
      host.xvnet({"attach", "t0", "--vlan", "10", "--mtu", "1000", "--mac", "02:00:00:00:00:07"});
  EXPECT_EQ(refused.exit_code, 1) << refused.describe();
  EXPECT_EQ(settings("t0"), was);
}

TEST_F(ReleasedDevice, KeepsTheOperatorsChanges) {
  host.attach("e0", {"--vlan", "10", "--mtu", "1400"});
  shell("ip link set e0 mtu 1350; ip link set e0 addrgenmode random");
  host.must({"detach", "e0"});
  EXPECT_NE(settings("e0").find("mtu 1350"), std::string::npos) << settings("e0");
  EXPECT_NE(settings("e0").find("addrgenmode random"), std::string::npos) << settings("e0");
}

}  // namespace
}  // namespace xvnet::test
