// SPDX-License-Identifier: BSD-2-Clause
//
// Which networks a router joins, and which networks it must never join.
#include <map>

#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

class Router : public OnFakeHost {
 protected:
  // The router's id by the network's name. 0 means no router.
  std::map<std::string, std::uint32_t> routers() {
    std::map<std::string, std::uint32_t> ids;
    Tables tables(host_);
    const auto records = tables.network_records.entries();
    for (const auto& [id, record] : *records)
      ids[record.name] = tables.gateways.find(id)->value_or(abi::gateway{}).router;
    return ids;
  }
  std::size_t routes() { return host_.fake_table(TableId::kRoutes).raw().size(); }
};

TEST_F(Router, JoinsOnlyNetworksOfItsName) {
  for (const auto& request : {routed("web", 1, "r1"), routed("db", 2, "r1"),
                              routed("other", 1, "r2"), routed("alone", 3, "")})
    must(add_network(request));
  auto ids = routers();
  EXPECT_NE(ids["web"], 0U);
  EXPECT_EQ(ids["web"], ids["db"]);
  EXPECT_NE(ids["other"], 0U);
  EXPECT_NE(ids["other"], ids["web"]);
  EXPECT_EQ(ids["alone"], 0U);
  EXPECT_EQ(routes(), 3U);
}

// A router takes its id from its first network, and that network may leave the router.
TEST_F(Router, NetworkThatLeavesIsIsolatedFromItsPeers) {
  must(add_network(routed("web", 1, "r1")));
  must(add_network(routed("db", 2, "r1")));
  must(set_network(of_router(network("web"), "r2")));
  auto ids = routers();
  EXPECT_NE(ids["web"], ids["db"]);
  must(set_network(of_router(network("web"), "")));
  EXPECT_EQ(routers()["web"], 0U);
  EXPECT_EQ(routes(), 1U);
  must(remove_network("db"));
  EXPECT_EQ(routes(), 0U);
}

TEST_F(Router, RepeatedChangesNothing) {
  must(add_network(routed("web", 1, "r1")));
  must(add_network(routed("db", 2, "r1")));
  must_do_nothing(add_network(routed("db", 2, "r1")));
  must_do_nothing(set_network(of_router(network("web"), "r1")));
  must(set_network(of_router(network("web"), "")));
  must_do_nothing(set_network(of_router(network("db"), "r1")));
}

TEST_F(Router, DuplicateSubnetIsRefused) {
  must(add_network(routed("web", 1, "r1")));
  refused(add_network(routed("db", 1, "r1")), ErrorKind::kFailed, "overlaps 10.0.1.0/24");
  must(add_network(routed("db", 1, "r2")));
  refused(set_network(of_router(network("db"), "r1")), ErrorKind::kFailed, "overlaps");
  refused(set_network(with_subnet(of_router(network("db"), "r1"), "10.0.0.0/16", "10.0.0.1")),
          ErrorKind::kFailed, "overlaps");
}

TEST_F(Router, InvalidRequestIsRefused) {
  refused(add_network(of_router(network("web"), "r1")), ErrorKind::kUsage,
          "‹router› requires ‹subnet› and ‹gateway›");
  refused(add_network(routed("web", 1, "a b")), ErrorKind::kUsage, "is not 1 to 15 letters");
  refused(add_network(routed("web", 1, "a-name-of-16-by.")), ErrorKind::kUsage,
          "is not 1 to 15 letters");
}

TEST_F(Router, IsShownAndSaved) {
  must(add_network(routed("web", 1, "r1")));
  EXPECT_EQ(network_view("web")->router, "r1");
  auto instance = Instance::open_for_reading(host_);
  ASSERT_TRUE(instance);
  const auto state = instance->desired_state();
  ASSERT_TRUE(state);
  ASSERT_EQ(state->networks.size(), 1U);
  EXPECT_EQ(state->networks[0].router, "r1");
  must_do_nothing(restore(*state));
}

}  // namespace
}  // namespace xvnet::test
