// SPDX-License-Identifier: BSD-2-Clause
//
// Tests named networks and their host interfaces.
#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

NetworkRequest with_host(const std::string& name, std::vector<std::string> addresses) {
  NetworkRequest request = network(name);
  request.host_addresses = std::move(addresses);
  return request;
}

class Network : public OnFakeHost {};

TEST_F(Network, IsJoinedByPortsOfItsVid) {
  must(add_network(vlan_network("blue", 10)));
  must(attach(on_vlan("tap0", 10)));
  must(attach(in_network("tap1", "blue")));
  EXPECT_EQ(network_view("blue")->ports.size(), 2u);
  EXPECT_FALSE(network_view("vlan10"));
}

TEST_F(Network, AddedTwiceChangesNothing) {
  must(add_network(vlan_network("blue", 10)));
  must_do_nothing(add_network(vlan_network("blue", 10)));
  must(add_network(with_host("lab", {"10.5.0.1/24", "2001:db8::1/64"})));
  must_do_nothing(add_network(with_host("lab", {"10.5.0.1/24", "2001:db8::1/64"})));
}

TEST_F(Network, AddedDifferentlyIsRefused) {
  must(add_network(vlan_network("blue", 10)));
  refused(add_network(vlan_network("blue", 20)), ErrorKind::kFailed, "differs");
  refused(add_network(vlan_network("green", 10)), ErrorKind::kFailed, "blue");
}

TEST_F(Network, ImplicitOneStaysOnceAddedByName) {
  must(attach(on_vlan("tap0", 10)));
  must(add_network(vlan_network("vlan10", 10)));
  must(detach("tap0"));
  ASSERT_TRUE(network_view("vlan10"));
  EXPECT_FALSE(network_view("vlan10")->implicit);
}

TEST_F(Network, ImplicitOneStaysOnceItIsSet) {
  must(attach(on_vlan("tap0", 10)));
  NetworkRequest request = network("vlan10");
  request.ageing_s = 60;
  must(set_network(request));
  must(detach("tap0"));
  ASSERT_TRUE(network_view("vlan10"));
  EXPECT_FALSE(network_view("vlan10")->implicit);
}

TEST_F(Network, WithPortsIsNotRemoved) {
  must(add_network(vlan_network("blue", 10)));
  must(attach(in_network("tap0", "blue")));
  refused(remove_network("blue"), ErrorKind::kFailed, "ports");
  must(detach("tap0"));
  must(remove_network("blue"));
  EXPECT_FALSE(network_view("blue"));
  refused(remove_network("blue"), ErrorKind::kFailed, "blue");
}

TEST_F(Network, RequestsAreChecked) {
  refused(add_network(network("")), ErrorKind::kUsage, "network");
  refused(add_network(network("a/b")), ErrorKind::kUsage, "a/b");
  refused(add_network(network("sixteen-bytes-xx")), ErrorKind::kUsage, "sixteen");
  refused(add_network(vlan_network("blue", 0)), ErrorKind::kUsage, "0");
  refused(add_network(vlan_network("blue", 4095)), ErrorKind::kUsage, "4095");
  NetworkRequest both = vlan_network("blue", 10);
  both.untagged = true;
  refused(add_network(both), ErrorKind::kUsage, "blue");
  NetworkRequest never = network("blue");
  never.ageing_s = 0;
  refused(add_network(never), ErrorKind::kUsage, "ageing");
  for (const char* address :
       {"10.5.0.1", "10.5.0.1/33", "10.5.0/24", "2001:db8::/129", "/24", ""}) {
    refused(add_network(with_host("lab", {address})), ErrorKind::kUsage, "lab");
  }
  std::vector<std::string> many(MAX_HOST_ADDRESSES + 1, "10.5.0.1/24");
  refused(add_network(with_host("lab", many)), ErrorKind::kUsage, "lab");
}

TEST_F(Network, OfAnUnknownUplinkIsRefused) {
  NetworkRequest flat = network("flat");
  flat.untagged = true;
  flat.uplink = "eth7";
  refused(add_network(flat), ErrorKind::kFailed, "eth7");
}

// Ids wrap at the size of the networks table. An existing network keeps its id.
TEST_F(Network, IdsWrapAround) {
  const auto ids = [this] {
    std::vector<std::uint32_t> ids;
    const auto& networks = host_.fake_table(TableId::kNetworks);
    for (const auto& [id, entry] : networks.typed<std::uint32_t, abi::network>()) ids.push_back(id);
    std::ranges::sort(ids);
    return ids;
  };
  must(add_network(network("first")));
  ASSERT_EQ(ids(), (std::vector<std::uint32_t>{1}));
  auto& table = host_.fake_table(TableId::kMeta);
  auto meta = table.typed<std::uint32_t, abi::meta>().front().second;
  meta.next_network = NETWORK_IDS - 1;
  table.set(to_bytes(std::uint32_t{0}), to_bytes(meta));
  must(add_network(network("last")));
  must(add_network(network("again")));
  EXPECT_EQ(ids(), (std::vector<std::uint32_t>{1, 2, NETWORK_IDS - 1}));
}

TEST_F(Network, SetChangesOnlyWhatIsGiven) {
  host_.add_nic("eth0");
  must(add_uplink(uplink("eth0")));
  must(add_network(vlan_network("blue", 10)));
  must(attach(in_network("tap0", "blue")));
  NetworkRequest ageing = network("blue");
  ageing.ageing_s = 60;
  EXPECT_TRUE(must(set_network(ageing)).changed);
  EXPECT_EQ(network_view("blue")->vid, 10);
  EXPECT_EQ(network_view("blue")->ageing_s, 60u);
  must_do_nothing(set_network(ageing));
  must(set_network(vlan_network("blue", 20)));
  EXPECT_EQ(network_view("blue")->ageing_s, 60u);
  EXPECT_TRUE(has_vlan("eth0", 20));
  EXPECT_FALSE(has_vlan("eth0", 10));
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kUp);
}

TEST_F(Network, SetRefusesConflicts) {
  must(add_network(vlan_network("blue", 10)));
  must(add_network(vlan_network("green", 20)));
  refused(set_network(vlan_network("blue", 20)), ErrorKind::kFailed, "green");
  refused(set_network(vlan_network("red", 30)), ErrorKind::kFailed, "red");
  NetworkRequest both = vlan_network("blue", 30);
  both.untagged = true;
  refused(set_network(both), ErrorKind::kUsage, "blue");
}

TEST_F(Network, UntaggedIsUniquePerUplink) {
  host_.add_nic("eth0");
  must(add_uplink(uplink("eth0")));
  auto flat = network("flat");
  flat.untagged = true;
  must(add_network(flat));
  must(add_network(network("other")));
  auto untagged = network("other");
  untagged.untagged = true;
  refused(set_network(untagged), ErrorKind::kFailed, "belong to another network");
  flat.uplink = "eth0";
  must(set_network(flat));
}

TEST_F(Network, HostInterfaceIsAPortWithAddresses) {
  must(add_network(with_host("lab", {"10.5.0.1/24"})));
  EXPECT_TRUE(host_.device("xv-lab").addresses.contains("10.5.0.1/24"));
  EXPECT_TRUE(host_.device("xv-lab").link.is_up);
  EXPECT_FALSE(host_.device("xv-lab").link.is_silent());
  EXPECT_TRUE(host_.device("xp-lab").link.is_up);
  EXPECT_TRUE(host_.device("xp-lab").link.is_silent());
  EXPECT_TRUE(is_live("xp-lab", Hook::kTcIngress));
  EXPECT_TRUE(has_interface("xp-lab"));
  EXPECT_FALSE(has_interface("xv-lab"));
  EXPECT_EQ(network_view("lab")->host_interface, "xv-lab");
  EXPECT_EQ(network_view("lab")->kind, NetworkKind::kHostOnly);
}

TEST_F(Network, HostInterfaceIsRemovedWithItsNetwork) {
  Snapshot before = take_snapshot(host_);
  must(add_network(with_host("lab", {"10.5.0.1/24"})));
  must(remove_network("lab"));
  EXPECT_EQ(difference(before, take_snapshot(host_)), "");
}

TEST_F(Network, HostAddressesCanBeChanged) {
  must(add_network(with_host("lab", {"10.5.0.1/24"})));
  must(set_network(with_host("lab", {"10.6.0.1/24"})));
  EXPECT_EQ(host_.device("xv-lab").addresses, std::set<std::string>{"10.6.0.1/24"});
  EXPECT_EQ(network_view("lab")->host_addresses, std::vector<std::string>{"10.6.0.1/24"});
}

TEST_F(Network, ForeignDeviceIsNotUsedAsHostInterface) {
  host_.add_nic("xv-lab");
  refused(add_network(with_host("lab", {"10.5.0.1/24"})), ErrorKind::kFailed, "xv-lab");
}

TEST_F(Network, NameMustFitIntoTheHostInterfaceName) {
  refused(add_network(with_host("thirteenbytes", {"10.5.0.1/24"})), ErrorKind::kUsage,
          "thirteenbytes");
}

TEST_F(Network, HostInterfaceCannotBeDetached) {
  must(add_network(with_host("lab", {"10.5.0.1/24"})));
  refused(detach("xp-lab"), ErrorKind::kFailed, "host interface");
}

}  // namespace
}  // namespace xvnet::test
