// SPDX-License-Identifier: BSD-2-Clause
//
// The interface cache: which interface holds each place, and where its packets are counted.
#include "loader/base/interface.h"

#include "fixture.h"

namespace xvnet::test {
namespace {

// tap0 and far map to the same place of the cache, tap1 to another.
class InterfaceCache : public OnFakeHost {
 protected:
  InterfaceCache() {
    host_.add_tap("tap0");
    host_.add_tap("tap1");
    host_.count_ifindexes_from(ifindex("tap0") + INTERFACE_CACHE_SIZE);
    host_.add_tap("far");
  }

  std::uint32_t ifindex(const std::string& device) { return host_.device(device).link.ifindex; }

  std::uint32_t place(const std::string& device) { return ifindex(device) % INTERFACE_CACHE_SIZE; }

  std::string holder_at_place_of(const std::string& device) {
    const auto cached = cache().find(place(device)).value();
    return cached->ifindex ? host_.name_of(cached->ifindex) : "none";
  }

  Table<std::uint32_t, abi::cached_interface> cache() {
    return Table<std::uint32_t, abi::cached_interface>(host_.table(TableId::kInterfaceCache));
  }

  // Counts packets as the programs do.
  void count(const std::string& device, std::uint64_t packets) {
    abi::carried carried{};
    carried.from.packets = packets;
    carried.to.bytes = 1000 * packets;
    host_.fake_table(TableId::kCarried).set(to_bytes(place(device)), to_bytes(carried));
  }

  void count_in_stats(const std::string& device, std::uint64_t packets) {
    abi::stats stats{};
    stats.from.packets = packets;
    host_.fake_table(TableId::kStats).set(to_bytes(ifindex(device)), to_bytes(stats));
  }

  std::uint64_t sent(const std::string& device) {
    Tables tables(host_);
    const auto stats = find_counters(tables, ifindex(device)).value();
    return stats ? stats->from.packets : 0;
  }
};

TEST_F(InterfaceCache, PortIsCachedFromAttachToDetach) {
  must(attach(on_vlan("tap0", 10)));
  EXPECT_EQ(holder_at_place_of("tap0"), "tap0");
  must(detach("tap0"));
  EXPECT_EQ(holder_at_place_of("tap0"), "none");
}

TEST_F(InterfaceCache, FirstOfTwoCollidingPortsIsCached) {
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("far", 10)));
  EXPECT_EQ(holder_at_place_of("far"), "tap0");
  EXPECT_TRUE(has_interface("far"));
  must(detach("far"));
  EXPECT_EQ(holder_at_place_of("far"), "tap0");
  must(attach(on_vlan("far", 10)));
  must(detach("tap0"));
  EXPECT_EQ(holder_at_place_of("far"), "none");
  EXPECT_TRUE(has_interface("far"));
}

TEST_F(InterfaceCache, FollowsChangesOfTheEntry) {
  host_.add_nic("eth0").addresses = {"192.0.2.2/24"};
  must(add_uplink(uplink("eth0")));
  EXPECT_FALSE(cache().find(place("eth0")).value()->interface.flags & abi::INTERFACE_NAT);
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  EXPECT_TRUE(cache().find(place("eth0")).value()->interface.flags & abi::INTERFACE_NAT);
  EXPECT_EQ(holder_at_place_of("eth0"), "eth0");
}

TEST_F(InterfaceCache, CountersAddBothTables) {
  must(attach(on_vlan("tap0", 10)));
  count("tap0", 5);
  count_in_stats("tap0", 2);
  EXPECT_EQ(sent("tap0"), 7U);
}

TEST_F(InterfaceCache, CountersOfAPlaceBelongToItsHolder) {
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("far", 10)));
  count("tap0", 5);
  count_in_stats("far", 2);
  EXPECT_EQ(sent("tap0"), 5U);
  EXPECT_EQ(sent("far"), 2U);
}

TEST_F(InterfaceCache, NewHolderCountsFromZero) {
  must(attach(on_vlan("tap0", 10)));
  count("tap0", 5);
  must(detach("tap0"));
  must(attach(on_vlan("far", 10)));
  EXPECT_EQ(holder_at_place_of("far"), "far");
  EXPECT_EQ(sent("far"), 0U);
}

// A changed entry keeps its place and its counters.
TEST_F(InterfaceCache, UnchangedHolderKeepsItsCounters) {
  host_.add_nic("eth0").addresses = {"192.0.2.2/24"};
  must(add_uplink(uplink("eth0")));
  count("eth0", 5);
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  EXPECT_EQ(sent("eth0"), 5U);
}

// A version without the interface cache counted in `stats` only.
TEST_F(InterfaceCache, IsFilledByUpgrade) {
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("tap1", 10)));
  must(attach(on_vlan("far", 10)));
  host_.fake_table(TableId::kInterfaceCache).reset();
  count_in_stats("tap1", 3);
  count("tap1", 9);  // left by an earlier holder of the place
  host_.start_process();
  host_.set_build("second");
  auto instance = Instance::open_for_upgrade(host_);
  ASSERT_TRUE(instance);
  ASSERT_TRUE(instance->upgrade());
  EXPECT_EQ(holder_at_place_of("tap1"), "tap1");
  EXPECT_NE(holder_at_place_of("far"), "none");
  EXPECT_EQ(sent("tap1"), 3U);
}

}  // namespace
}  // namespace xvnet::test
