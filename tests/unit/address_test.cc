// SPDX-License-Identifier: BSD-2-Clause
//
// Each port gets the right address of its network's subnet.
#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

using Texts = std::vector<std::string>;

NetworkRequest blue() { return with_subnet(network("blue"), "10.0.0.0/24", "10.0.0.1"); }

class Addresses : public OnFakeHost {
 protected:
  Texts ips_of(const std::string& device) { return view_of(device)->ips; }
  void attach_to(const std::string& network, const std::string& device, const Texts& ips = {}) {
    must(attach(with_ips(in_network(device, network), ips)));
  }
  std::size_t known() { return host_.fake_table(TableId::kAddresses).raw().size(); }
};

TEST_F(Addresses, PortGetsTheLowestFreeAddress) {
  must(add_network(blue()));
  attach_to("blue", "tap0");
  attach_to("blue", "tap1");
  EXPECT_EQ(ips_of("tap0"), Texts{"10.0.0.2"});
  EXPECT_EQ(ips_of("tap1"), Texts{"10.0.0.3"});
}

TEST_F(Addresses, TheGatewayMayBeAnywhereInTheSubnet) {
  must(add_network(with_subnet(network("blue"), "10.0.0.0/29", "10.0.0.2")));
  attach_to("blue", "tap0");
  attach_to("blue", "tap1");
  EXPECT_EQ(ips_of("tap0"), Texts{"10.0.0.1"});
  EXPECT_EQ(ips_of("tap1"), Texts{"10.0.0.3"});
}

TEST_F(Addresses, OfTheHostAreNotAssignedToPorts) {
  auto lab = with_subnet(network("lab"), "10.0.0.0/24");
  lab.host_addresses = {"10.0.0.1/24"};
  must(add_network(lab));
  attach_to("lab", "tap0");
  EXPECT_EQ(ips_of("tap0"), Texts{"10.0.0.2"});
  refused(attach(with_ips(in_network("tap1", "lab"), {"10.0.0.1"})), ErrorKind::kFailed,
          "itself uses");
}

TEST_F(Addresses, AreTheRequestedOnes) {
  must(add_network(blue()));
  attach_to("blue", "tap0", {"10.0.0.7", "10.0.0.9"});
  EXPECT_EQ(ips_of("tap0"), (Texts{"10.0.0.7", "10.0.0.9"}));
}

TEST_F(Addresses, OfAnotherPortAreRefused) {
  must(add_network(blue()));
  attach_to("blue", "tap0", {"10.0.0.7", "10.0.0.9"});
  host_.device("tap0").link.has_carrier = true;
  refused(attach(with_ips(in_network("tap1", "blue"), {"10.0.0.9"})), ErrorKind::kFailed, "tap0");
}

TEST_F(Addresses, ThatNoPortMayUseAreRefused) {
  must(add_network(blue()));
  for (const char* ip : {"10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.2", "192.0.2.1"})
    refused(attach(with_ips(in_network("tap0", "blue"), {ip})), ErrorKind::kFailed, ip);
  refused(attach(with_ips(in_network("tap0", "blue"), {"10.0.0.2", "10.0.0.2"})), ErrorKind::kUsage,
          "twice");
  refused(attach(with_ips(in_network("tap0", "blue"), Texts(9, "10.0.0.2"))), ErrorKind::kUsage,
          "more than");
}

TEST_F(Addresses, AreRefusedWithoutASubnet) {
  must(add_network(network("lab")));
  refused(attach(with_ips(in_network("tap0", "lab"), {"10.0.0.2"})), ErrorKind::kFailed, "subnet");
}

TEST_F(Addresses, StayAfterDetachAndAttach) {
  must(add_network(blue()));
  attach_to("blue", "tap0");
  attach_to("blue", "tap1");
  must_do_nothing(attach(in_network("tap1", "blue")));
  must(detach("tap0"));
  must(detach("tap1"));
  attach_to("blue", "tap1");
  attach_to("blue", "tap0");
  EXPECT_EQ(ips_of("tap0"), Texts{"10.0.0.2"});
  EXPECT_EQ(ips_of("tap1"), Texts{"10.0.0.3"});
}

TEST_F(Addresses, StayWhenTheDeviceIsRecreated) {
  must(add_network(blue()));
  attach_to("blue", "tap0");
  attach_to("blue", "tap1");
  host_.recreate("tap1");
  attach_to("blue", "tap1");
  EXPECT_EQ(ips_of("tap1"), Texts{"10.0.0.3"});
}

TEST_F(Addresses, OfDetachedDevicesAreAssignedLast) {
  must(add_network(with_subnet(network("blue"), "10.0.0.0/30", "10.0.0.1")));
  attach_to("blue", "tap0");
  refused(attach(in_network("tap1", "blue")), ErrorKind::kFailed, "no free address");
  must(detach("tap0"));
  attach_to("blue", "tap1");
  EXPECT_EQ(ips_of("tap1"), Texts{"10.0.0.2"});
  refused(attach(in_network("tap0", "blue")), ErrorKind::kFailed, "no free address");
}

TEST_F(Addresses, ChangedAddressesNeedReplace) {
  must(add_network(blue()));
  attach_to("blue", "tap0");
  auto request = with_ips(in_network("tap0", "blue"), {"10.0.0.7"});
  refused(attach(request), ErrorKind::kFailed, "10.0.0.2");
  request.replace = true;
  must(attach(request));
  EXPECT_EQ(ips_of("tap0"), Texts{"10.0.0.7"});
}

TEST_F(Addresses, OfTwoNetworksMayBeEqual) {
  must(add_network(blue()));
  must(add_network(with_subnet(network("green"), "10.0.0.0/24", "10.0.0.1")));
  attach_to("blue", "tap0", {"10.0.0.7"});
  attach_to("green", "tap1", {"10.0.0.7"});
  EXPECT_EQ(ips_of("tap0"), ips_of("tap1"));
}

TEST_F(Addresses, AreRemovedWithTheirNetwork) {
  must(add_network(blue()));
  attach_to("blue", "tap0");
  must(detach("tap0"));
  EXPECT_EQ(known(), 1U);
  must(remove_network("blue"));
  EXPECT_EQ(known(), 0U);
}

TEST_F(Addresses, AreSavedAndRestored) {
  must(add_network(blue()));
  attach_to("blue", "tap1");
  attach_to("blue", "tap0");
  DesiredState state;
  must([&](Instance& instance) -> Result<Outcome> {
    state = instance.desired_state().value();
    return Outcome{};
  });
  must(down());
  must(restore(state));
  EXPECT_EQ(ips_of("tap1"), Texts{"10.0.0.2"});
  EXPECT_EQ(ips_of("tap0"), Texts{"10.0.0.3"});
  EXPECT_EQ(network_view("blue")->gateway, "10.0.0.1");
}

TEST_F(Addresses, SubnetChangeKeepsThemOrIsRefused) {
  must(add_network(blue()));
  attach_to("blue", "tap0", {"10.0.0.200"});
  must(set_network(with_subnet(network("blue"), "10.0.0.0/16")));
  EXPECT_EQ(network_view("blue")->subnet, "10.0.0.0/16");
  must(set_network(with_subnet(network("blue"), "10.0.0.0/16", "10.0.255.254")));
  refused(set_network(with_subnet(network("blue"), "10.0.0.0/16", "10.0.0.200")),
          ErrorKind::kFailed, "tap0");
  refused(set_network(with_subnet(network("blue"), "10.1.0.0/16", "10.1.0.1")), ErrorKind::kFailed,
          "tap0");
}

TEST_F(Addresses, SubnetsAreChecked) {
  auto no_subnet = network("blue");
  no_subnet.gateway = parse_ipv4("10.0.0.1");
  refused(add_network(no_subnet), ErrorKind::kUsage, "requires ‹subnet›");
  for (const char* gateway : {"10.0.0.0", "10.0.0.255", "10.0.1.1"})
    refused(add_network(with_subnet(network("blue"), "10.0.0.0/24", gateway)), ErrorKind::kUsage,
            gateway);
  auto untagged = blue();
  untagged.untagged = true;
  refused(add_network(untagged), ErrorKind::kUsage, "untagged");
  auto host = blue();
  host.host_addresses = {"10.0.0.1/24"};
  refused(add_network(host), ErrorKind::kUsage, "same address");
  auto odd = network("blue");
  odd.subnet = Subnet{.base = *parse_ipv4("10.0.0.1"), .prefix = 24};
  refused(add_network(odd), ErrorKind::kUsage, "is not a unicast prefix");
}

TEST(ParseSubnet, AcceptsOnlyValidSubnets) {
  EXPECT_EQ(format_subnet(*parse_subnet("10.0.0.0/8")), "10.0.0.0/8");
  EXPECT_EQ(format_subnet(*parse_subnet("192.0.2.4/30")), "192.0.2.4/30");
  for (const char* text :
       {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/7", "10.0.0.0/31", "10.0.0.1/24", "10.0.0.0/24x",
        "10.0.0/24", "224.0.0.0/8", "127.0.0.0/8", "0.0.0.0/8", "2001:db8::/64", "10.0.0.0/-1"})
    EXPECT_FALSE(parse_subnet(text)) << text;
}

class SharedAddresses : public Addresses {
 protected:
  SharedAddresses() { must(add_network(blue())); }
  void attach_sharing(const std::string& device, const Texts& allowed) {
    must(attach(with_allowed(in_network(device, "blue"), allowed)));
  }
  Texts allowed_of(const std::string& device) {
    Texts texts;
    const auto view = view_of(device);
    for (const auto& each : view->allowed)
      texts.push_back(each.address + (each.is_here ? " here" : ""));
    return texts;
  }
  // Writes what a program writes when it sees the announcement of a shared address.
  void announce(const std::string& device, const std::string& ip) {
    auto& table = host_.fake_table(TableId::kAddresses);
    for (auto [key, entry] : table.typed<abi::address_key, abi::address_entry>()) {
      if (ipv4_of(key.address) != parse_ipv4(ip)) continue;
      entry.ifindex = host_.device(device).link.ifindex;
      table.set(to_bytes(key), to_bytes(entry));
    }
  }
};

TEST_F(SharedAddresses, BelongToTheAnnouncingPort) {
  attach_sharing("tap0", {"10.0.0.9"});
  attach_sharing("tap1", {"10.0.0.9"});
  EXPECT_EQ(allowed_of("tap0"), Texts{"10.0.0.9"});
  announce("tap1", "10.0.0.9");
  EXPECT_EQ(allowed_of("tap0"), Texts{"10.0.0.9"});
  EXPECT_EQ(allowed_of("tap1"), Texts{"10.0.0.9 here"});
  must(attach(with_allowed(in_network("tap2", "blue"), {"10.0.0.9"})));
  EXPECT_EQ(allowed_of("tap1"), Texts{"10.0.0.9 here"}) << "another port may use it too";
}

TEST_F(SharedAddresses, AreUnownedAfterDetach) {
  attach_sharing("tap0", {"10.0.0.9"});
  attach_sharing("tap1", {"10.0.0.9"});
  announce("tap1", "10.0.0.9");
  must(detach("tap1"));
  EXPECT_EQ(allowed_of("tap0"), Texts{"10.0.0.9"});
  must(detach("tap0"));
  EXPECT_EQ(known(), 2U) << "the ports' own addresses stay reserved";
}

TEST_F(SharedAddresses, AreNotAssignedAutomatically) {
  must(set_network(with_subnet(network("blue"), "10.0.0.0/29", "10.0.0.1")));
  attach_sharing("tap0", {"10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"});
  refused(attach(in_network("tap1", "blue")), ErrorKind::kFailed, "no free address");
  refused(attach(with_ips(in_network("tap1", "blue"), {"10.0.0.3"})), ErrorKind::kFailed, "share");
}

TEST_F(SharedAddresses, CannotBeOwnAddressesOfAPort) {
  attach_to("blue", "tap0");
  refused(attach(with_allowed(in_network("tap1", "blue"), {"10.0.0.2"})), ErrorKind::kFailed,
          "does not share its address");
  for (const char* ip : {"10.0.0.0", "10.0.0.1", "10.0.1.2"})
    refused(attach(with_allowed(in_network("tap1", "blue"), {ip})), ErrorKind::kFailed, ip);
  refused(attach(with_allowed(with_ips(in_network("tap1", "blue"), {"10.0.0.7"}), {"10.0.0.7"})),
          ErrorKind::kUsage, "twice");
  refused(attach(with_allowed(in_network("tap1", "blue"), Texts(9, "10.0.0.9"))), ErrorKind::kUsage,
          "more than");
}

TEST_F(SharedAddresses, AreSavedAndRestored) {
  attach_sharing("tap0", {"10.0.0.9"});
  DesiredState state;
  must([&](Instance& instance) -> Result<Outcome> {
    state = instance.desired_state().value();
    return Outcome{};
  });
  EXPECT_EQ(state.ports.at(0).allowed, (std::vector<Ipv4>{*parse_ipv4("10.0.0.9")}));
}

TEST_F(SharedAddresses, MustStayInTheNetworksSubnet) {
  attach_sharing("tap0", {"10.0.0.200"});
  refused(set_network(with_subnet(network("blue"), "10.0.0.0/25", "10.0.0.1")), ErrorKind::kFailed,
          "10.0.0.200");
}

}  // namespace
}  // namespace xvnet::test
