// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/gateway/router.h: two networks of one router, each with a gateway.
//
//   red   10.0.1.0/24  a 10.0.1.1, c 10.0.1.3 (whose MTU is large)
//   blue  10.0.2.0/24  d 10.0.2.1
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "nat_fixture.h"

namespace xvnet::test {
namespace {

constexpr uint32_t kRouter = 7;
constexpr const char* kRedGateway = "10.0.1.254";
constexpr const char* kBlueGateway = "10.0.2.254";
constexpr size_t kTooLong = 3000;

class Router : public Pipeline {
 protected:
  Router() {
    rig_.set_gateway(kRed, kRedGateway);
    rig_.set_gateway(kBlue, kBlueGateway);
    rig_.set_router(kRouter, kRed, "10.0.1.0", 24);
    rig_.set_router(kRouter, kBlue, "10.0.2.0", 24);
    rig_.set_address(kRed, "10.0.1.1", "a", test::mac_of("a"));
    rig_.set_address(kRed, "10.0.1.3", "c", test::mac_of("c"));
    rig_.set_address(kBlue, "10.0.2.1", "d", test::mac_of("d"));
  }

  static Ends to(const std::string& ip, const std::string& port = "a",
                 const std::string& from = "10.0.1.1") {
    Ends ends = Ends::between(test::mac_of(port), kGatewayMacText);
    ends.src_ip = from;
    ends.dst_ip = ip;
    return ends;
  }
  // The frame as sent, with the receiver's and the gateway's MACs and a TTL that is one less.
  static Frame routed(const Frame& frame, const std::string& port) {
    Frame out = with_ttl(frame, static_cast<uint8_t>(frame.bytes.at(kIpOffset + 8) - 1));
    const auto mac = parse_mac(test::mac_of(port));
    const auto gateway = parse_mac(kGatewayMacText);
    std::ranges::copy(mac, out.bytes.begin());
    std::ranges::copy(gateway, out.bytes.begin() + ETH_ALEN);
    return out;
  }
  // The sender gets an ICMP error from its own gateway.
  void expect_icmp_error(const Frame& frame, const std::string& reason, uint8_t type, uint8_t code,
                         const std::string& port = "a") {
    const Outcome outcome = from_vm(port, frame);
    EXPECT_EQ(outcome.counted, (Counts{{port + " from " + reason, 1}, {port + " to carried", 1}}));
    ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, kRedGateway);
    EXPECT_EQ(endpoints_of(outcome.bytes).dst_mac, test::mac_of(port));
    EXPECT_EQ(outcome.bytes.at(kTransportOffset), type);
    EXPECT_EQ(outcome.bytes.at(kTransportOffset + 1), code);
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Router, tc_alone(), hook_name);

TEST_P(Router, ForwardsBetweenItsNetworks) {
  for (const Frame& frame :
       {udp4(to("10.0.2.1")), tcp4(to("10.0.2.1")), icmp4_echo(to("10.0.2.1"))})
    EXPECT_EQ(from_vm("a", frame), forwarded(routed(frame, "d"), "a", "d"));
  const Frame answer = udp4(to("10.0.1.1", "d", "10.0.2.1"));
  EXPECT_EQ(from_vm("d", answer), forwarded(routed(answer, "a"), "d", "a"));
}

TEST_P(Router, ForwardsUnknownProtocolsAndFragments) {
  Frame gre = udp4(to("10.0.2.1"));
  gre.bytes.at(kIpOffset + 9) = IPPROTO_GRE;
  gre = with_ttl(gre, 64);
  EXPECT_EQ(from_vm("a", gre), forwarded(routed(gre, "d"), "a", "d"));
  Frame fragment = udp4(to("10.0.2.1"));
  put_be16(fragment.bytes, kIpOffset + 6, 185);
  fragment = with_ttl(fragment, 64);
  EXPECT_EQ(from_vm("a", fragment), forwarded(routed(fragment, "d"), "a", "d"));
}

TEST_P(Router, KeepsNoNatState) {
  from_vm("a", udp4(to("10.0.2.1")));
  EXPECT_TRUE(rig_.tables().nat_slots.keys().empty());
  EXPECT_TRUE(rig_.tables().nat_mappings.keys().empty());
}

TEST_P(Router, DoesNotReachNetworksOfAnotherRouter) {
  rig_.tables().routes.clear();
  rig_.set_router(kRouter, kRed, "10.0.1.0", 24);
  rig_.set_router(kRouter + 1, kBlue, "10.0.2.0", 24);
  expect_icmp_error(udp4(to("10.0.2.1")), "NO_ROUTE", 3, 0);
}

TEST_P(Router, NetworkWithoutARouterIsNotRouted) {
  auto network = rig_.tables().networks.find(kRed).value();
  network.flags &= ~uint16_t{abi::NETWORK_ROUTED};
  rig_.tables().networks.put(kRed, network);
  const Frame frame = udp4(to("10.0.2.1"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_ROUTED"));
}

TEST_P(Router, LongestPrefixWins) {
  rig_.set_router(kRouter, kRed, "10.0.0.0", 16);
  const Frame frame = udp4(to("10.0.2.1"));
  EXPECT_EQ(from_vm("a", frame), forwarded(routed(frame, "d"), "a", "d"));
}

TEST_P(Router, UnassignedAddressIsUnreachable) {
  expect_icmp_error(udp4(to("10.0.2.77")), "HOST_UNREACHABLE", 3, 1);
  expect_icmp_error(udp4(to("10.0.2.255")), "HOST_UNREACHABLE", 3, 1);
}

TEST_P(Router, RemovedNetworkIsUnreachable) {
  rig_.tables().networks.erase(kBlue);
  expect_icmp_error(udp4(to("10.0.2.1")), "HOST_UNREACHABLE", 3, 1);
}

// A stale address entry must not lead into another network.
TEST_P(Router, StaleEntryReachesNoOtherNetwork) {
  rig_.set_address(kBlue, "10.0.2.9", "c", test::mac_of("c"));
  const Frame frame = udp4(to("10.0.2.9"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "WRONG_NETWORK"));
}

TEST_P(Router, TracerouteShowsTheGateway) {
  expect_icmp_error(with_ttl(udp4(to("10.0.2.1")), 1), "TTL_EXCEEDED", 11, 0);
}

TEST_P(Router, OversizedFrameGetsTheReceiversMtu) {
  const Frame frame = udp4(to("10.0.2.1", "c", "10.0.1.3"), kTooLong);
  expect_icmp_error(frame, "FRAGMENTATION_NEEDED", 3, 4, "c");
  EXPECT_EQ(get_be16(from_vm("c", frame).bytes, kIpOffset + 26), 1500);
}

TEST_P(Router, SpoofedSourceIsDropped) {
  for (const char* ip : {"10.0.1.3", "10.0.1.77", "10.0.2.1"}) {
    const Frame frame = udp4(to("10.0.2.1", "a", ip));
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "SOURCE_SPOOFED")) << ip;
  }
}

TEST_P(Router, TheOtherNetworksGatewayAnswersAPing) {
  const Outcome outcome = from_vm("a", icmp4_echo(to(kBlueGateway)));
  ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_EQ(outcome.counted, (Counts{{"a from carried", 1}, {"a to carried", 1}}));
  EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, kBlueGateway);
  EXPECT_EQ(outcome.bytes.at(kTransportOffset), 0);
  // The other network's gateway answers nothing but pings.
  expect_icmp_error(udp4(to(kBlueGateway)), "HOST_UNREACHABLE", 3, 1);
}

TEST_P(Router, UnknownMacIsResolvedByArp) {
  rig_.set_address(kBlue, "10.0.2.1", "d", "");
  const Outcome outcome = from_vm("a", udp4(to("10.0.2.1")));
  EXPECT_EQ(outcome.counted, (Counts{{"a from MAC_UNKNOWN", 1}, {"d to carried", 1}}));
  ASSERT_EQ(get_be16(outcome.bytes, 2 * ETH_ALEN), ETH_P_ARP);
  from_vm("d", arp_request(to(kBlueGateway, "d", "10.0.2.1")));
  const Frame frame = udp4(to("10.0.2.1"));
  EXPECT_EQ(from_vm("a", frame), forwarded(routed(frame, "d"), "a", "d"));
}

TEST_P(Router, MalformedHeaderIsDropped) {
  for (const uint8_t version_and_length : {0x65, 0x44, 0x05}) {
    Frame frame = udp4(to("10.0.2.1"));
    frame.bytes.at(kIpOffset) = version_and_length;
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_ROUTED"));
  }
}

}  // namespace
}  // namespace xvnet::test
