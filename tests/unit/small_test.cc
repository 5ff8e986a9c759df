// SPDX-License-Identifier: BSD-2-Clause
//
// Tests the parts that the operations use: results, texts and typed maps.
#include <cerrno>

#include "fixture.h"
#include "loader/base/tables.h"
#include "loader/base/text.h"
#include "loader/model/network_request.h"

namespace xvnet::test {
namespace {

Result<int> half(int number) {
  if (number % 2) return fail("halving " + std::to_string(number) + ": it is odd");
  return number / 2;
}

Result<int> quarter(int number) {
  XVNET_ASSIGN(once, half(number));
  XVNET_TRY(half(once));
  return once / 2;
}

TEST(Result, PropagatesErrorsToTheCaller) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(7).error().message, "halving 7: it is odd");
  EXPECT_EQ(quarter(6).error().message, "halving 3: it is odd");
}

TEST(Rules, ACommandThatSetsNothingIsRefused) {
  NetworkRequest request = network("lab");
  request.force = true;
  EXPECT_EQ(check_set(request).error().message, "network \"lab\": nothing to set");
  request.dhcp = false;
  EXPECT_TRUE(check_set(request));
}

TEST(Rules, AnUplinkIsNamedForUntaggedNetworks) {
  NetworkRequest request = network("lab");
  request.uplink = "eth0";
  EXPECT_FALSE(check_add(request));
  EXPECT_TRUE(check_set(request));  // the network may be untagged already
  request.vid = 10;
  EXPECT_FALSE(check_set(request));
  EXPECT_TRUE(check_request(request));  // a saved state may have both
}

TEST(Result, MapsErrnoToAKind) {
  auto kind = [](int number) { return fail_errno(number, "opening x").error().kind; };
  EXPECT_EQ(kind(EPERM), ErrorKind::kNotPermitted);
  EXPECT_EQ(kind(EACCES), ErrorKind::kNotPermitted);
  EXPECT_EQ(kind(EOPNOTSUPP), ErrorKind::kUnsupported);
  EXPECT_EQ(kind(ENOSYS), ErrorKind::kUnsupported);
  EXPECT_EQ(kind(ENODEV), ErrorKind::kFailed);
  EXPECT_TRUE(fail_errno(ENODEV, "opening x").error().message.starts_with("opening x: "));
}

VidSet vids(std::initializer_list<std::size_t> numbers) {
  VidSet set;
  for (std::size_t number : numbers) set.set(number);
  return set;
}

TEST(Text, VidsAreRanges) {
  EXPECT_EQ(format_vids({}), "none");
  EXPECT_EQ(format_vids(vids({10})), "10");
  EXPECT_EQ(format_vids(vids({10, 11})), "10-11");
  EXPECT_EQ(format_vids(vids({1, 10, 20, 21, 22, 4094})), "1,10,20-22,4094");
  EXPECT_EQ(format_vids(vids({4093, 4094, 4095})), "4093-4095");
}

TEST(Text, PortsRoundTrip) {
  for (const char* text : {"", "0", "8080", "8080,40960-45055", "1-2,65534-65535"}) {
    const auto ports = parse_ports(text + std::string("\n"));
    ASSERT_TRUE(ports) << text;
    EXPECT_EQ(format_ports(*ports), text);
  }
  EXPECT_EQ(format_ports(*parse_ports("5-5,7,6")), "5-7");
  for (const char* text : {"x", "1-", "-1", "65536", "2-1", "1,,2", "1 2"})
    EXPECT_FALSE(parse_ports(text)) << text;
}

TEST(Text, MacsAreLowerCaseHex) {
  EXPECT_EQ(format_mac({0x02, 0, 0, 0xAB, 0, 0x0f}), "02:00:00:ab:00:0f");
}

TEST(Text, FixedSizeTextIsTruncatedAndZeroPadded) {
  char field[4] = {'x', 'x', 'x', 'x'};
  set_text(field, "a");
  EXPECT_EQ(std::string_view(field, 4), std::string_view("a\0\0\0", 4));
  EXPECT_EQ(text_of(field), "a");
  set_text(field, "abcdef");
  EXPECT_EQ(text_of(field), "abc");
  char full[2] = {'a', 'b'};
  EXPECT_EQ(text_of(full), "ab");
}

TEST(Text, DeviceNamesFollowTheKernelsRules) {
  for (const char* name : {"tap0", "eth0.100", "a", "fifteen-bytes-x", "-", "@"}) {
    EXPECT_TRUE(check_device_name("attach", name)) << name;
  }
  for (const char* name :
       {"", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\nb", "sixteen-bytes-xx"}) {
    auto checked = check_device_name("attach", name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, ErrorKind::kUsage);
    EXPECT_TRUE(checked.error().message.starts_with("attach ")) << checked.error().message;
  }
}

InterfaceAddress on(const char* ip, std::uint32_t prefix) { return {*parse_ipv4(ip), prefix}; }

TEST(Address, AnInterfaceReachesItsSubnet) {
  EXPECT_TRUE(on("192.0.2.2", 24).reaches(*parse_ipv4("192.0.2.255")));
  EXPECT_FALSE(on("192.0.2.2", 24).reaches(*parse_ipv4("192.0.3.2")));
  EXPECT_TRUE(on("192.0.2.2", 32).reaches(*parse_ipv4("192.0.2.2")));
  EXPECT_FALSE(on("192.0.2.2", 32).reaches(*parse_ipv4("192.0.2.3")));
  EXPECT_TRUE(on("192.0.2.2", 0).reaches(*parse_ipv4("203.0.113.5")));
  EXPECT_FALSE(on("192.0.2.2", 24).is_assignable(*parse_ipv4("192.0.2.255")));
  EXPECT_FALSE(on("192.0.2.2", 24).is_assignable(*parse_ipv4("192.0.2.0")));
  EXPECT_TRUE(on("192.0.2.2", 31).is_assignable(*parse_ipv4("192.0.2.3")));
}

class TypedMap : public OnFakeHost {
 protected:
  void SetUp() override { ASSERT_TRUE(host_.open_for_change()); }
};

TEST_F(TypedMap, FindsAStoredEntry) {
  Table<std::uint32_t, abi::interface> map(host_.table(TableId::kInterfaces));
  EXPECT_FALSE(map.find(3)->has_value());
  // The test uses an uplink's entry, because a port's entry requires its network first.
  host_.fake_table(TableId::kNetworks).set(to_bytes(7u), to_bytes(abi::network{}));
  ASSERT_TRUE(map.put(3, {.network = 7, .kind = abi::INTERFACE_UPLINK, .flags = 1}));
  auto entry = map.find(3);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->network, 7u);
  EXPECT_EQ((*entry)->flags, 1);
}

TEST_F(TypedMap, ListsEveryEntry) {
  Table<abi::vlan_key, std::uint32_t> map(host_.table(TableId::kVlans));
  host_.fake_table(TableId::kNetworks).set(to_bytes(1u), to_bytes(abi::network{}));
  for (std::uint16_t vid : {10, 20, 30}) {
    ASSERT_TRUE(map.put({.uplink = 99, .vid = vid, .pad = 0}, 1));
  }
  auto entries = map.entries();
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), 3u);
  for (const auto& [key, value] : *entries) EXPECT_EQ(value, 1u);
}

TEST_F(TypedMap, ErasingAMissingEntryIsNoError) {
  Table<std::uint32_t, abi::interface> map(host_.table(TableId::kInterfaces));
  EXPECT_TRUE(map.erase(3));
}

TEST_F(TypedMap, WritingCountersZeroesThem) {
  Table<std::uint32_t, abi::stats> map(host_.table(TableId::kStats));
  abi::stats stats{};
  stats.from.packets = 5;
  ASSERT_TRUE(map.put(3, stats));
  EXPECT_EQ((*map.find(3))->from.packets, 0u);
}

TEST_F(TypedMap, EveryTableHasTheSizesOfItsHeader) {
  Tables tables(host_);
  EXPECT_EQ(host_.table(TableId::kLearners).value_size(), sizeof(abi::learner));
  for (const TableShape& shape : kTableShapes) {
    EXPECT_EQ(host_.table(shape.id).key_size(), shape.key_size);
  }
  EXPECT_TRUE(tables.meta.find(0)->has_value());
}

}  // namespace
}  // namespace xvnet::test
