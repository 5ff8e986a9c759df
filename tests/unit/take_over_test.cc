// SPDX-License-Identifier: BSD-2-Clause
//
// A port may take over the MAC and addresses of another port that is gone or has no carrier
// (loader/commands/take_over.h).
#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

using Texts = std::vector<std::string>;

constexpr Mac kMac{0x02, 0, 0, 0, 0, 1};

class TakeOver : public OnFakeHost {
 protected:
  TakeOver() {
    for (const char* name : {"tap0", "tap1"}) host_.add_tap(name);
    must(add_network(with_subnet(network("blue"), "10.0.0.0/24", "10.0.0.1")));
    must(attach(vm("tap0")));
  }
  // Attaches the VM's MAC and address to the given device.
  static PortRequest vm(const std::string& device) {
    PortRequest request = with_ips(in_network(device, "blue"), {"10.0.0.7"});
    request.mac = kMac;
    return request;
  }
  std::uint32_t port_of_mac() {
    for (const auto& [key, entry] :
         host_.fake_table(TableId::kFdb).typed<abi::fdb_key, abi::fdb_entry>())
      if (entry.slot == abi::FDB_SLOT_STATIC) return entry.ifindex;
    return 0;
  }
  std::uint32_t ifindex(const std::string& name) { return host_.device(name).link.ifindex; }
};

TEST_F(TakeOver, PortWithACarrierKeepsItsMacAndAddress) {
  PortRequest mac = in_network("tap1", "blue");
  mac.mac = kMac;
  refused(attach(mac), ErrorKind::kFailed, "another port");
  refused(attach(with_ips(in_network("tap1", "blue"), {"10.0.0.7"})), ErrorKind::kFailed, "tap0");
  EXPECT_EQ(port_of_mac(), ifindex("tap0"));
}

TEST_F(TakeOver, PortWithoutACarrierLosesItsMacAndAddress) {
  host_.device("tap0").link.has_carrier = false;
  const Outcome outcome = must(attach(vm("tap1")));
  ASSERT_EQ(outcome.warnings.size(), 1u);
  EXPECT_EQ(outcome.warnings[0],
            "\"tap1\": takes 02:00:00:00:00:01, 10.0.0.7 from port \"tap0\", which has no carrier");
  EXPECT_EQ(port_of_mac(), ifindex("tap1"));
  EXPECT_EQ(view_of("tap1")->ips, Texts{"10.0.0.7"});
  EXPECT_EQ(view_of("tap1")->mac, kMac);
  EXPECT_EQ(view_of("tap0")->ips, Texts{});
  EXPECT_FALSE(view_of("tap0")->mac);
  // The device stays a port, and its VM may come back with another MAC and address.
  EXPECT_TRUE(is_live("tap0", Hook::kTcIngress));
  host_.device("tap0").link.has_carrier = true;
  host_.device("tap1").link.has_carrier = true;
  PortRequest again = vm("tap0");
  refused(attach(again), ErrorKind::kFailed, "attached with other settings");
  again.replace = true;
  refused(attach(again), ErrorKind::kFailed, "tap1");
}

TEST_F(TakeOver, OnlyRequestedValuesAreTaken) {
  host_.device("tap0").link.has_carrier = false;
  must(attach(with_ips(in_network("tap1", "blue"), {"10.0.0.7"})));
  EXPECT_EQ(view_of("tap0")->mac, kMac);
  EXPECT_EQ(view_of("tap0")->ips, Texts{});
  EXPECT_EQ(port_of_mac(), ifindex("tap0"));
}

TEST_F(TakeOver, NothingIsTakenFromAnotherNetwork) {
  host_.device("tap0").link.has_carrier = false;
  must(add_network(with_subnet(network("green"), "10.0.0.0/24", "10.0.0.1")));
  PortRequest request = with_ips(in_network("tap1", "green"), {"10.0.0.7"});
  request.mac = kMac;
  EXPECT_TRUE(must(attach(request)).warnings.empty());
  EXPECT_EQ(view_of("tap0")->ips, Texts{"10.0.0.7"});
}

TEST_F(TakeOver, APortWhoseDeviceIsGoneIsRemoved) {
  host_.remove("tap0");
  const Outcome outcome = must(attach(vm("tap1")));
  ASSERT_EQ(outcome.warnings.size(), 1u);
  EXPECT_NE(outcome.warnings[0].find("\"tap0\", which is gone"), std::string::npos);
  EXPECT_EQ(port_of_mac(), ifindex("tap1"));
  EXPECT_FALSE(view_of("tap0"));
}

}  // namespace
}  // namespace xvnet::test
