// SPDX-License-Identifier: BSD-2-Clause
//
// The loader guards the host's interface in a network before it sets the interface up, and again
// when a setting was changed from outside.
#include <arpa/inet.h>

#include <set>

#include "fixture.h"
#include "loader/show/doctor.h"

namespace xvnet::test {
namespace {

NetworkRequest lab_with(std::vector<std::string> addresses) {
  auto request = network("lab");
  request.host_addresses = std::move(addresses);
  return request;
}

std::string format_ip(const abi::address& address) {
  if (const auto ipv4 = ipv4_of(address)) return format_ipv4(*ipv4);
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, address.bytes, text, sizeof text);
}

class Guard : public OnFakeHost {
 protected:
  std::optional<Finding> complaint() {
    host_.start_process();
    const auto findings = examine_instance(host_);
    EXPECT_TRUE(findings);
    for (const auto& finding : *findings)
      if (finding.health == Health::kFail) return finding;
    return std::nullopt;
  }
};

TEST_F(Guard, IsSetBeforeTheInterfaceIsUp) {
  must(add_network(lab_with({"10.5.0.1/24"})));
  EXPECT_LT(place_of(host_, "guard xv-lab ipv4"), place_of(host_, "set_up xv-lab true"));
  EXPECT_LT(place_of(host_, "guard xv-lab ipv4"),
            place_of(host_, "add_address xv-lab 10.5.0.1/24"));
}

TEST_F(Guard, AllowsIpv6WithAnIpv6Address) {
  must(add_network(lab_with({"10.5.0.1/24", "2001:db8::1/64"})));
  EXPECT_EQ(host_.device("xv-lab").guarded, HostAddresses::kIpv6Too);
}

TEST_F(Guard, FollowsTheAddresses) {
  must(add_network(lab_with({"10.5.0.1/24"})));
  must(set_network(lab_with({"2001:db8::1/64"})));
  EXPECT_EQ(host_.device("xv-lab").guarded, HostAddresses::kIpv6Too);
  must(set_network(lab_with({"10.6.0.1/24"})));
  EXPECT_EQ(host_.device("xv-lab").guarded, HostAddresses::kIpv4Only);
  // The guard keeps allowing IPv6 until the address is removed, so that an undo can put the address
  // back.
  EXPECT_LT(place_of(host_, "remove_address xv-lab 2001:db8::1/64"),
            place_of(host_, "guard xv-lab ipv4"));
}

// Frames of the network reach only these addresses and broadcast addresses of the host.
TEST_F(Guard, AdmitsOnlyItsAddresses) {
  const auto routes = [&] {
    std::set<std::string> routes;
    for (const auto& [key, route] :
         host_.fake_table(TableId::kRoutes).typed<abi::route_key, abi::route>()) {
      EXPECT_EQ(key.scope, route.network);
      const bool is_prefix = key.kind == abi::ROUTE_BESIDE_HOST;
      EXPECT_TRUE(is_prefix || key.prefix == ROUTE_HOST_BITS);
      routes.insert((is_prefix ? "beside " : "") + format_ip(key.address));
    }
    return routes;
  };
  using Routes = std::set<std::string>;
  must(add_network(lab_with({"10.5.0.1/24", "192.0.2.1/32", "2001:db8::1/64"})));
  EXPECT_EQ(routes(),
            (Routes{"10.5.0.1", "10.5.0.255", "192.0.2.1", "2001:db8::1", "beside 2001:db8::"}));
  must(set_network(lab_with({"10.6.0.1/31"})));
  EXPECT_EQ(routes(), (Routes{"10.6.0.1"}));
  must(remove_network("lab"));
  EXPECT_EQ(routes(), Routes{});
}

TEST_F(Guard, RemovedIsReportedAndRestored) {
  must(add_network(lab_with({"10.5.0.1/24"})));
  EXPECT_FALSE(complaint());
  host_.device("xv-lab").guarded.reset();
  const auto found = complaint();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->check, "network lab");
  EXPECT_NE(found->detail.find("net.ipv4.conf.xv-lab.arp_ignore"), std::string::npos);
  EXPECT_NE(found->fix.find("«network set» lab ‹host_addresses› 10.5.0.1/24"), std::string::npos);
  must(set_network(lab_with({"10.5.0.1/24"})));
  EXPECT_FALSE(complaint());
}

}  // namespace
}  // namespace xvnet::test
