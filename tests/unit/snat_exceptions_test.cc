// SPDX-License-Identifier: BSD-2-Clause
//
// The prefixes to which a network's traffic is not translated.
#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

class SnatExceptions : public OnFakeHost {
 protected:
  SnatExceptions() {
    host_.add_nic("eth0").addresses = {"192.0.2.2/24"};
    must(add_uplink(uplink("eth0")));
  }
  std::size_t routes() { return host_.fake_table(TableId::kRoutes).raw().size(); }
  bool has_flag() {
    const auto entry = host_.fake_table(TableId::kNatNetworks)
                           .typed<std::uint32_t, abi::nat_network>()
                           .front()
                           .second;
    return entry.flags & abi::NAT_HAS_EXCEPTIONS;
  }
  NetworkRequest blue() { return with_snat(tenant("blue", 10), {"auto"}); }
};

TEST_F(SnatExceptions, FollowTheRequest) {
  must(add_network(with_exceptions(blue(), {"192.0.2.0/24", "0.0.0.0/0"})));
  EXPECT_EQ(routes(), 3U);
  EXPECT_TRUE(has_flag());
  must(set_network(with_exceptions(network("blue"), {"198.51.100.7/32"})));
  EXPECT_EQ(routes(), 2U);
  must(set_network(with_exceptions(network("blue"), {})));
  EXPECT_EQ(routes(), 0U);
  EXPECT_FALSE(has_flag());
}

TEST_F(SnatExceptions, FollowTheSubnet) {
  must(add_network(with_exceptions(blue(), {"192.0.2.0/24"})));
  must(set_network(with_subnet(network("blue"), "10.7.0.0/16", "10.7.0.1")));
  EXPECT_EQ(routes(), 2U);
  bool is_there = false;
  for (const auto& [key, route] :
       host_.fake_table(TableId::kRoutes).typed<abi::route_key, abi::route>())
    is_there |= key.kind == abi::ROUTE_INSIDE && ipv4_of(key.address) == parse_ipv4("10.7.0.0");
  EXPECT_TRUE(is_there);
}

// The command chooses no new public address, so a missing uplink address is no error.
TEST_F(SnatExceptions, FollowTheSubnetWithoutAnUplinkAddress) {
  must(add_network(with_exceptions(blue(), {"192.0.2.0/24"})));
  host_.device("eth0").addresses.clear();
  must(set_network(with_subnet(network("blue"), "10.7.0.0/16", "10.7.0.1")));
  EXPECT_EQ(routes(), 2U);
}

TEST_F(SnatExceptions, AreRemovedWithSnatOrNetwork) {
  must(add_network(with_exceptions(blue(), {"192.0.2.0/24"})));
  must(set_network(without_snat(network("blue"))));
  EXPECT_EQ(routes(), 0U);
  must(set_network(with_snat(network("blue"), {"auto"})));
  EXPECT_EQ(routes(), 0U);
  must(set_network(with_exceptions(network("blue"), {"192.0.2.0/24"})));
  must(remove_network("blue"));
  EXPECT_EQ(routes(), 0U);
}

TEST_F(SnatExceptions, DuplicatesAreRefused) {
  must(add_network(with_exceptions(blue(), {"192.0.2.0/24"})));
  refused(add_network(with_exceptions(with_snat(tenant("green", 20), {"auto"}), {"0.0.0.0/0"})),
          ErrorKind::kFailed, "an answer could be for either");
  must(add_network(with_snat(tenant("green", 20), {"auto"})));
}

TEST_F(SnatExceptions, WithoutSnatAreRefused) {
  refused(add_network(with_exceptions(tenant("blue", 10), {"192.0.2.0/24"})), ErrorKind::kUsage,
          "‹snat_exceptions› requires ‹snat›");
  refused(add_network(with_exceptions(
              blue(), {"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16", "10.5.0.0/16",
                       "10.6.0.0/16", "10.7.0.0/16", "10.8.0.0/16", "10.9.0.0/16"})),
          ErrorKind::kUsage, "more than 8 prefixes");
}

TEST_F(SnatExceptions, AreShownAndSaved) {
  const auto request = with_exceptions(blue(), {"192.0.2.0/24"});
  must(add_network(request));
  must_do_nothing(add_network(request));
  EXPECT_EQ(network_view("blue")->snat_exceptions, std::vector<std::string>{"192.0.2.0/24"});
  auto instance = Instance::open_for_reading(host_);
  ASSERT_TRUE(instance);
  const auto state = instance->desired_state();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->networks.at(0).snat_exceptions, request.snat_exceptions);
}

}  // namespace
}  // namespace xvnet::test
