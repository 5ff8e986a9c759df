// SPDX-License-Identifier: BSD-2-Clause
//
// The loader refuses an address that no host can have or that is already in use, and says why.
#include "fixture.h"

namespace xvnet::test {
namespace {

NetworkRequest with_host_addresses(const std::string& name, std::vector<std::string> addresses) {
  NetworkRequest request = network(name);
  request.host_addresses = std::move(addresses);
  return request;
}

struct Nonsense {
  std::string name;
  std::string address;
  std::string why;
};

class HostAddress : public OnFakeHost, public testing::WithParamInterface<Nonsense> {};

TEST_P(HostAddress, ThatNoHostCanHaveIsRefusedWithTheReason) {
  const auto& [name, address, why] = GetParam();
  refused(add_network(with_host_addresses("lab", {address})), ErrorKind::kUsage, why);
  must(add_network(with_host_addresses("lab", {"10.5.0.1/24"})));
  refused(set_network(with_host_addresses("lab", {"10.5.0.1/24", address})), ErrorKind::kUsage,
          why);
}

INSTANTIATE_TEST_SUITE_P(
    Each, HostAddress,
    testing::Values(Nonsense{"Zero", "0.0.0.0/24", "0.0.0.0/8"},
                    Nonsense{"ThisNetwork", "0.1.2.3/24", "0.0.0.0/8"},
                    Nonsense{"Loopback", "127.0.0.1/8", "loopback"},
                    Nonsense{"LinkLocal", "169.254.1.1/16", "link-local"},
                    Nonsense{"Multicast", "224.0.0.1/24", "multicast"},
                    Nonsense{"Reserved", "240.0.0.1/24", "reserved"},
                    Nonsense{"Broadcast", "255.255.255.255/32", "broadcast"},
                    Nonsense{"FirstOfThePrefix", "10.6.0.0/24", "identifies the network"},
                    Nonsense{"LastOfThePrefix", "10.6.0.255/24", "broadcast"},
                    Nonsense{"Ipv6Unspecified", "::/64", "unspecified"},
                    Nonsense{"Ipv6Loopback", "::1/128", "loopback"},
                    Nonsense{"Ipv6Multicast", "ff02::1/64", "multicast"},
                    Nonsense{"Ipv6FirstOfThePrefix", "2001:db8::/64", "identifies the network"},
                    Nonsense{"Ipv4InIpv6", "::ffff:10.6.0.1/120", "IPv4"}),
    [](const auto& test) { return test.param.name; });

class AddressRules : public OnFakeHost {};

TEST_F(AddressRules, BothAddressesOfASlash31AreAccepted) {
  must(add_network(with_host_addresses("lab", {"10.5.0.0/31", "10.6.0.1/32", "2001:db8::/127"})));
  must(set_network(with_host_addresses("lab", {"fe80::1/64", "10.5.0.1/31"})));
}

TEST_F(AddressRules, DuplicateHostAddressIsRefused) {
  refused(add_network(with_host_addresses("lab", {"10.5.0.1/24", "10.5.0.1/25"})),
          ErrorKind::kUsage, "twice");
}

TEST_F(AddressRules, AddressInAnotherNetworkIsRefused) {
  must(add_network(with_host_addresses("lab", {"10.5.0.1/24", "2001:db8::1/64", "fe80::1/64"})));
  refused(add_network(with_host_addresses("two", {"10.5.0.1/16"})), ErrorKind::kFailed, "\"lab\"");
  refused(add_network(with_host_addresses("two", {"2001:db8:0::1/56"})), ErrorKind::kFailed,
          "\"lab\"");
  must(add_network(with_host_addresses("two", {"10.6.0.1/24", "fe80::1/64"})));
  refused(set_network(with_host_addresses("two", {"10.5.0.1/24"})), ErrorKind::kFailed, "\"lab\"");
  must_do_nothing(
      add_network(with_host_addresses("lab", {"10.5.0.1/24", "2001:db8::1/64", "fe80::1/64"})));
}

TEST_F(AddressRules, AddressOfAnotherHostInterfaceIsRefused) {
  host_.add_nic("eth9").addresses = {"192.0.2.2/24", "2001:db8::9/64"};
  refused(add_network(with_host_addresses("lab", {"192.0.2.2/32"})), ErrorKind::kFailed, "eth9");
  refused(add_network(with_host_addresses("lab", {"2001:db8::9/128"})), ErrorKind::kFailed, "eth9");
  must(add_network(with_host_addresses("lab", {"10.5.0.1/24"})));
  refused(set_network(with_host_addresses("lab", {"192.0.2.2/24"})), ErrorKind::kFailed, "eth9");
  must(set_network(with_host_addresses("lab", {"10.5.0.1/25"})));
}

TEST_F(AddressRules, AddressThatLeadsToAVmIsRefused) {
  host_.add_nic("eth0").addresses = {"203.0.113.1/24"};
  must(add_uplink(uplink("eth0")));
  must(add_network(with_snat(tenant("green", 10), {"203.0.113.5"})));
  refused(add_network(with_host_addresses("lab", {"203.0.113.5/32"})), ErrorKind::kFailed,
          "public");
}

class ServerAddress : public OnFakeHost, public testing::WithParamInterface<Nonsense> {};

TEST_P(ServerAddress, OfNoHostIsRefusedWithTheReason) {
  const auto& [name, address, why] = GetParam();
  auto request = with_dhcp(tenant("green", 10));
  request.dns = {*parse_ipv4(address)};
  refused(add_network(request), ErrorKind::kUsage, why);
  request.dns.clear();
  request.boot_server = *parse_ipv4(address);
  if (name != "None") {
    refused(add_network(request), ErrorKind::kUsage, why);
    refused(add_network(with_snat(tenant("green", 10), {address})), ErrorKind::kUsage, "");
  }
}

INSTANTIATE_TEST_SUITE_P(Each, ServerAddress,
                         testing::Values(Nonsense{"None", "0.0.0.0", "0.0.0.0/8"},
                                         Nonsense{"Loopback", "127.0.0.53", "loopback"},
                                         Nonsense{"LinkLocal", "169.254.169.254", "link-local"},
                                         Nonsense{"Multicast", "224.0.0.251", "multicast"},
                                         Nonsense{"Broadcast", "255.255.255.255", "broadcast"},
                                         Nonsense{"LastOfTheSubnet", "10.0.0.255", "subnet"}),
                         [](const auto& test) { return test.param.name; });

TEST_F(AddressRules, DuplicateNameServerIsRefused) {
  auto request = with_dhcp(tenant("green", 10));
  request.dns = {*parse_ipv4("192.0.2.53"), *parse_ipv4("192.0.2.53")};
  refused(add_network(request), ErrorKind::kUsage, "twice");
}

TEST_F(AddressRules, LinkLocalSubnetIsRefused) {
  refused(add_network(with_subnet(network("lab"), "169.254.7.0/24")), ErrorKind::kUsage,
          "link-local");
}

TEST_F(AddressRules, ExceptionMustContainUsableAddresses) {
  host_.add_nic("eth0").addresses = {"203.0.113.1/24"};
  must(add_uplink(uplink("eth0")));
  const auto green = with_snat(tenant("green", 10), {"auto"});
  for (const char* prefix : {"127.0.0.0/8", "224.0.0.0/24", "169.254.0.0/16", "0.0.0.0/8"})
    refused(add_network(with_exceptions(green, {"10.9.0.0/16", prefix})), ErrorKind::kUsage,
            prefix);
  must(add_network(with_exceptions(green, {"0.0.0.0/0"})));
}

class AddressReachability : public OnFakeHost {
 protected:
  void SetUp() override {
    host_.add_nic("eth0").addresses = {"203.0.113.1/24"};
    must(add_uplink(uplink("eth0")));
  }
};

TEST_F(AddressReachability, InAnUplinksSubnetNeedsNoWarning) {
  EXPECT_TRUE(must(add_network(with_snat(tenant("green", 10), {"203.0.113.5"}))).warnings.empty());
  EXPECT_TRUE(must(add_forward(floating("green", "203.0.113.7", "10.0.0.7"))).warnings.empty());
}

TEST_F(AddressReachability, AddressThatNeedsARouteGivesAWarning) {
  const auto made = must(add_network(with_snat(tenant("green", 10), {"198.51.100.5"})));
  ASSERT_EQ(made.warnings.size(), 1u);
  EXPECT_NE(made.warnings[0].find("198.51.100.5"), std::string::npos);
  EXPECT_NE(made.warnings[0].find("eth0"), std::string::npos);
  const auto opened = must(add_forward(forward("green", {"198.51.100.9", 80}, {"10.0.0.7", 80})));
  ASSERT_EQ(opened.warnings.size(), 1u);
  EXPECT_NE(opened.warnings[0].find("route"), std::string::npos);
  EXPECT_EQ(must(add_forward(floating("green", "198.51.100.7", "10.0.0.8"))).warnings.size(), 1u);
  // The first command has already warned about this address.
  must_do_nothing(add_forward(forward("green", {"198.51.100.9", 80}, {"10.0.0.7", 80})));
  const auto set = must(set_network(with_snat(network("green"), {"198.51.100.6"})));
  EXPECT_EQ(set.warnings.size(), 1u);
}

// The warning was given when the address was first requested.
TEST_F(AddressReachability, RestoredAddressGivesNoWarning) {
  DesiredState state;
  state.networks = {with_snat(tenant("green", 10), {"198.51.100.5"})};
  state.forwards = {floating("green", "198.51.100.7", "10.0.0.8")};
  EXPECT_TRUE(must(restore(state)).warnings.empty());
}

}  // namespace
}  // namespace xvnet::test
