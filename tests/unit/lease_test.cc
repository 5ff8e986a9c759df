// SPDX-License-Identifier: BSD-2-Clause
//
// The loader writes the DHCP options that the programs send.
#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

class Leases : public OnFakeHost {
 protected:
  std::vector<abi::lease> leases() {
    std::vector<abi::lease> all;
    for (const auto& [ifindex, lease] :
         host_.fake_table(TableId::kLeases).typed<std::uint32_t, abi::lease>())
      all.push_back(lease);
    return all;
  }
  // The bytes of an option, empty when the lease lacks it.
  static std::vector<int> option(const abi::lease& lease, std::uint8_t code) {
    for (std::size_t at = 0; lease.options[at] != 255; at += 2u + lease.options[at + 1])
      if (lease.options[at] == code)
        return {lease.options + at + 2, lease.options + at + 2 + lease.options[at + 1]};
    return {};
  }
};

NetworkRequest green() {
  auto request = with_subnet(network("green"), "10.0.0.0/20", "10.0.0.1");
  request.dhcp = true;
  return request;
}

TEST_F(Leases, HaveTheOptionsOfNetworkAndPort) {
  auto request = green();
  request.dns = {*parse_ipv4("192.0.2.53"), *parse_ipv4("192.0.2.54")};
  request.domain = "example.org";
  must(add_network(request));
  auto port = in_network("tap0", "green");
  port.host_name = "vm";
  port.mtu = 1400;
  must(attach(port));
  ASSERT_EQ(leases().size(), 1U);
  const abi::lease lease = leases().front();
  EXPECT_EQ(ipv4_of(lease.address), parse_ipv4("10.0.0.2"));
  EXPECT_EQ(option(lease, 1), (std::vector{255, 255, 240, 0}));
  EXPECT_EQ(option(lease, 3), (std::vector{10, 0, 0, 1}));
  EXPECT_EQ(option(lease, 6), (std::vector{192, 0, 2, 53, 192, 0, 2, 54}));
  EXPECT_EQ(option(lease, 12), (std::vector<int>{'v', 'm'}));
  EXPECT_EQ(option(lease, 15).size(), 11U);
  EXPECT_EQ(option(lease, 26), (std::vector{5, 120}));
  EXPECT_EQ(option(lease, 121), (std::vector{0, 10, 0, 0, 1}));
  EXPECT_TRUE(option(lease, 66).empty());
  EXPECT_TRUE(option(lease, 67).empty());
}

TEST_F(Leases, LargestOptionsFit) {
  auto request = green();
  request.dns.clear();
  for (std::uint32_t at = 0; at < MAX_DNS; ++at)
    request.dns.push_back({parse_ipv4("192.0.2.53")->number + at});
  request.domain = std::string(HOST_NAME_SIZE - 1, 'd');
  request.boot_server = parse_ipv4("192.0.2.199");
  request.boot_file = std::string(BOOT_FILE_SIZE - 1, 'f');
  must(add_network(request));
  auto port = in_network("tap0", "green");
  port.host_name = std::string(HOST_NAME_SIZE - 1, 'h');
  must(attach(port));
  const abi::lease lease = leases().front();
  EXPECT_EQ(option(lease, 67).size(), BOOT_FILE_SIZE - 1U);
  EXPECT_EQ(lease.options[DHCP_OPTIONS_SIZE - 1], 0);
}

TEST_F(Leases, ExistOnlyForPortsOfNetworksWithDhcp) {
  must(add_network(with_subnet(network("blue"), "10.0.0.0/24", "10.0.0.1")));
  must(attach(in_network("tap0", "blue")));
  EXPECT_TRUE(leases().empty());
  auto request = network("blue");
  request.dhcp = true;
  must(set_network(request));
  EXPECT_EQ(leases().size(), 1U);
  request.dhcp = false;
  must(set_network(request));
  EXPECT_TRUE(leases().empty());
}

TEST_F(Leases, KeepTheClientsStateWhenRewritten) {
  must(add_network(green()));
  must(attach(in_network("tap0", "green")));
  auto bound = leases().front();
  bound.state = abi::LEASE_BOUND;
  const auto ifindex = host_.device("tap0").link.ifindex;
  host_.fake_table(TableId::kLeases).set(to_bytes(ifindex), to_bytes(bound));
  auto request = network("green");
  request.dns = {*parse_ipv4("192.0.2.53")};
  must(set_network(request));
  EXPECT_EQ(leases().front().state, abi::LEASE_BOUND);
  EXPECT_EQ(option(leases().front(), 6).size(), 4U);
  must(detach("tap0"));
  EXPECT_TRUE(leases().empty());
}

TEST_F(Leases, RequestsAreChecked) {
  auto request = network("green");
  request.dhcp = true;
  refused(add_network(request), ErrorKind::kUsage, "requires ‹subnet› and ‹gateway›");
  request = green();
  request.domain = "a_b";
  refused(add_network(request), ErrorKind::kUsage, "a_b");
  request = green();
  request.boot_file = "a b";
  refused(add_network(request), ErrorKind::kUsage, "a b");
  request = green();
  request.dns = std::vector(MAX_DNS + 1, *parse_ipv4("192.0.2.53"));
  refused(add_network(request), ErrorKind::kUsage, "name servers");
}

}  // namespace
}  // namespace xvnet::test
