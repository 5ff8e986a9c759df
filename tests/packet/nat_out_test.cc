// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/out.h, translate.h and icmp.h: which frames leave through the NAT, and which are dropped.
// XDP passes all of them to tc. nat_fixture.h describes the hosts and addresses.
#include <linux/if_ether.h>

#include <algorithm>

#include "link.h"
#include "nat_fixture.h"

namespace xvnet::test {
namespace {

// docs/packet-path.md
constexpr uint32_t kRoutedMark = 0x78766e72;

class Nat : public NatFixture {};
INSTANTIATE_TEST_SUITE_P(Hooks, Nat, both_hooks(), hook_name);
class NatOnTc : public NatFixture {
 protected:
  // Checks the ICMP error that the sender gets: its type and code, from the gateway, quoting the
  // frame.
  void expect_icmp_error(const Frame& frame, const std::string& reason, int type, int code,
                         const std::string& port = "a") {
    const Outcome outcome = from_vm(port, frame);
    EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(outcome.counted, (Counts{{port + " from " + reason, 1}, {port + " to carried", 1}}));
    ASSERT_GE(outcome.bytes.size(), kQuote + 28);
    EXPECT_EQ(checksum_problems(outcome.bytes), "");
    EXPECT_EQ(outcome.bytes.at(kIpOffset + 20), type);
    EXPECT_EQ(outcome.bytes.at(kIpOffset + 21), code);
    const Endpoints sent_error = endpoints_of(outcome.bytes);
    EXPECT_EQ(sent_error.src_ip, "10.0.0.254");
    EXPECT_EQ(sent_error.src_mac, kGatewayMacText);
    EXPECT_EQ(sent_error.dst_mac, test::mac_of(port));
    EXPECT_EQ(Bytes(outcome.bytes.begin() + kQuote, outcome.bytes.begin() + kQuote + 28),
              Bytes(frame.bytes.begin() + kIpOffset, frame.bytes.begin() + kIpOffset + 28));
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, NatOnTc, tc_alone(), hook_name);

TEST_P(Nat, XdpPassesEverythingToTc) {
  if (!on_xdp()) return;
  for (const Protocol protocol : kAllProtocols) {
    const Frame frame = out(protocol);
    EXPECT_EQ(from_vm("a", frame), left(frame));
    const Frame answer = in(protocol, kRedFirstPort);
    EXPECT_EQ(from_uplink(answer), left(answer));
  }
}

TEST_P(NatOnTc, TranslatesRequestAndReply) {
  for (const Protocol protocol : kAllProtocols) {
    const auto port = leaves(out(protocol));
    ASSERT_TRUE(port);
    const bool is_icmp = protocol == Protocol::kIcmp;
    const Frame sent = out(protocol);
    const uint16_t inside = endpoints_of(sent.bytes).src_port;
    const uint16_t again = leaves(sent).value_or(0);
    EXPECT_EQ(again, *port);
    const Endpoints expected{.src_mac = kGatewayMacText,
                             .dst_mac = test::mac_of("a"),
                             .src_ip = kPeerIp,
                             .dst_ip = "10.0.0.1",
                             .src_port = is_icmp ? inside : kPeerPort,
                             .dst_port = inside,
                             .ttl = 63};
    EXPECT_EQ(arrives(in(protocol, *port)), expected);
  }
}

// Two networks use the same addresses at the same time.
TEST_P(NatOnTc, EqualInsideAddressesOfTwoNetworksAreKeptApart) {
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t red = leaves(out(protocol)).value_or(0);
    const uint16_t blue = leaves(out(protocol, "d"), "d").value_or(0);
    EXPECT_TRUE(arrives(in(protocol, red), "a"));
    EXPECT_TRUE(arrives(in(protocol, blue), "d"));
  }
}

TEST_P(NatOnTc, CountsWhatItTranslates) {
  const Frame frame = out(Protocol::kUdp);
  const uint16_t port = leaves(frame).value_or(0);
  EXPECT_EQ(slot(port, Protocol::kUdp).bytes_out, frame.bytes.size() - kIpOffset);
  const Frame answer = in(Protocol::kUdp, port);
  arrives(answer);
  EXPECT_EQ(slot(port, Protocol::kUdp).bytes_in, answer.bytes.size() - kIpOffset);
}

TEST_P(NatOnTc, ZeroUdpChecksumStaysZero) {
  Frame frame = out(Protocol::kUdp);
  put_be16(frame.bytes, kIpOffset + 26, 0);
  const Outcome outcome = from_vm("a", frame);
  EXPECT_EQ(get_be16(outcome.bytes, kIpOffset + 26), 0);
}

TEST_P(NatOnTc, PriorityTagFromVmIsRemoved) {
  EXPECT_TRUE(leaves(out(Protocol::kUdp)));
  const Frame frame = out(Protocol::kUdp).tagged({.vid = 0, .pcp = 5});
  const Outcome outcome = from_vm("a", frame);
  EXPECT_EQ(checksum_problems(outcome.bytes), "");
  EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, kPublicIp);
}

// With an untagged network on the uplink, the next hop may be one of its VMs. Then the uplink's
// egress program must deliver the frame, as it does with the host's frames.
TEST_P(NatOnTc, MarkDependsOnAnUntaggedNetworkOnTheUplink) {
  from_vm("a", out(Protocol::kUdp));
  EXPECT_EQ(mark(), kRoutedMark);
  rig_.set_vlan("up", 0, 0);
  from_vm("a", out(Protocol::kUdp));
  EXPECT_EQ(mark(), kOwnMark);
}

// The uplink's egress program delivers the frame to the VM beside the uplink or passes it to the
// wire. Either way it clears the mark.
TEST_P(NatOnTc, NextHopMayBeAVmOfTheUntaggedNetwork) {
  Ends ends = Ends::between(test::mac_of("wire"), test::mac_of("e"));
  ends.src_ip = kPublicIp;
  ends.src_port = kRedFirstPort;
  const Frame to_vm = udp4(ends);
  EXPECT_EQ(from_host(to_vm, {.mark = kRoutedMark}).counted, (Counts{{"e to carried", 1}}));
  EXPECT_EQ(mark(), 0u);
  ends.dst_mac = test::mac_of("wire");
  const Frame to_wire = udp4(ends);
  EXPECT_EQ(from_host(to_wire, {.mark = kRoutedMark}), left(to_wire));
  EXPECT_EQ(mark(), 0u);
}

// A frame that a VM of the untagged network sends to the host's MAC enters the uplink with xvnet's
// mark.
TEST_P(NatOnTc, VmOfTheUntaggedNetworkReachesAPublicPort) {
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t port = leaves(out(protocol)).value_or(0);
    const Outcome outcome = from_uplink(in(protocol, port), {.mark = kOwnMark});
    EXPECT_EQ(outcome.counted, (Counts{{"up from carried", 1}, {"a to carried", 1}}));
    EXPECT_EQ(endpoints_of(outcome.bytes).dst_ip, "10.0.0.1");
  }
  Ends ends = Ends::between(test::mac_of("wire"), uplink_mac());
  ends.dst_ip = kUplinkIp;
  const Frame to_host = udp4(ends);
  EXPECT_EQ(from_uplink(to_host, {.mark = kOwnMark}), left(to_host));
}

// Only a port's own addresses may be translated.
TEST_P(NatOnTc, SpoofedSourceIsDropped) {
  for (const char* ip : {"10.0.0.2", "10.0.0.9", "192.0.2.1", "203.0.113.5"}) {
    const Frame frame = out(Protocol::kUdp, "a", ip);
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "SOURCE_SPOOFED")) << ip;
  }
  // libtins replaces 0.0.0.0 with an address of the machine.
  Frame nobodys = out(Protocol::kUdp);
  std::fill_n(nobodys.bytes.begin() + kIpOffset + 12, 4, 0);
  EXPECT_EQ(from_vm("a", nobodys), dropped(nobodys, "a from", "SOURCE_SPOOFED"));
  EXPECT_TRUE(rig_.tables().nat_slots.keys().empty());
}

TEST_P(NatOnTc, MulticastAndBroadcastAreNotTranslated) {
  for (const char* ip : {"224.0.0.1", "239.255.255.250"}) {
    const Frame frame = out_to(ip, 80);
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_ROUTED")) << ip;
  }
}

// RFC 6890: an address that is not forwardable must not pass the gateway, in either direction, as
// source or as destination.
TEST_P(NatOnTc, NonForwardableDestinationIsDropped) {
  for (const char* ip : kNotForwardable) {
    for (const Protocol protocol : kAllProtocols) {
      const Frame frame = out_to(ip, 80, protocol);
      EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_ROUTED")) << ip;
    }
  }
}

TEST_P(NatOnTc, NonForwardableSourceIsDropped) {
  for (const char* ip : kNotForwardable) {
    rig_.set_address(kRed, ip, "a", "");
    Frame frame = out(Protocol::kUdp);
    const abi::address source = address_of(ip);
    std::copy_n(source.bytes + 12, 4, frame.bytes.begin() + kIpOffset + 12);
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_ROUTED")) << ip;
  }
}

TEST_P(NatOnTc, ForwardableDestinationIsTranslated) {
  for (const char* ip : {"1.0.0.0", "10.255.255.255", "100.64.0.1", "126.255.255.255", "128.0.0.1",
                         "169.253.255.255", "169.255.0.0", "172.16.0.1", "191.255.255.255",
                         "192.0.0.9", "192.0.0.10", "192.0.1.0", "192.0.2.1", "192.88.99.1",
                         "192.168.0.1", "198.18.0.1", "203.0.113.9", "223.255.255.255"})
    EXPECT_TRUE(leaves(out_to(ip, 80))) << ip;
}

TEST_P(NatOnTc, IcmpErrorQuotingANonForwardableAddressIsDropped) {
  const uint16_t port = leaves(out(Protocol::kUdp)).value_or(0);
  for (const char* ip : kNotForwardable) {
    const abi::address address = address_of(ip);
    Bytes about = from_uplink(in(Protocol::kUdp, port)).bytes;
    std::copy_n(address.bytes + 12, 4, about.begin() + kIpOffset + 12);
    put_be16(about, kIpOffset + 10, 0);
    finish_checksum(about, kIpOffset, 10, kTransportOffset);
    Frame error = icmp_error("10.0.0.1", kPeerIp, 3, 3, about);
    std::ranges::copy(parse_mac(kGatewayMacText), error.bytes.begin());
    std::ranges::copy(parse_mac(test::mac_of("a")), error.bytes.begin() + ETH_ALEN);
    EXPECT_EQ(from_vm("a", error), dropped(error, "a from", "NOT_TRANSLATABLE")) << ip;
  }
}

TEST_P(NatOnTc, IcmpErrorFromANonForwardableRouterIsDropped) {
  const Outcome sent = from_vm("a", out(Protocol::kUdp));
  for (const char* ip : {"169.254.0.1", "127.0.0.1", "192.0.0.1", "240.0.0.1"}) {
    Frame error = icmp_error(ip, kPublicIp, 11, 0, sent.bytes);
    std::ranges::copy(parse_mac(uplink_mac()), error.bytes.begin());
    EXPECT_EQ(from_uplink(error), dropped(error, "up from", "UNROUTABLE_SOURCE")) << ip;
  }
  // RFC 7600: a router without an IPv4 address sends errors from 192.0.0.8.
  Frame error = icmp_error("192.0.0.8", kPublicIp, 11, 0, sent.bytes);
  std::ranges::copy(parse_mac(uplink_mac()), error.bytes.begin());
  EXPECT_EQ(from_uplink(error).verdict, Verdict::kRedirect);
}

// A VM can reach none of the host's addresses.
TEST_P(NatOnTc, HostIsUnreachable) { expect_icmp_error(out_to(kUplinkIp, 22), "NO_ROUTE", 3, 0); }

TEST_P(NatOnTc, MissingRouteGivesAnIcmpError) {
  expect_icmp_error(out_to("192.0.2.200", 80), "NO_ROUTE", 3, 0);
}

TEST_P(NatOnTc, TracerouteShowsTheGateway) {
  for (const Protocol protocol : kAllProtocols)
    expect_icmp_error(with_ttl(out(protocol), 1), "TTL_EXCEEDED", 11, 0);
}

TEST_P(NatOnTc, OversizedFrameGetsTheMtu) {
  Ends ends = Ends::between(test::mac_of("c"), kGatewayMacText);
  ends.src_ip = "10.0.0.3";
  ends.dst_ip = kPeerIp;
  const Frame frame = udp4(ends, 3000);
  expect_icmp_error(frame, "FRAGMENTATION_NEEDED", 3, 4, "c");
  EXPECT_EQ(get_be16(from_vm("c", frame).bytes, kIpOffset + 26), 1500);
}

TEST_P(NatOnTc, IcmpErrorGetsNoIcmpError) {
  Frame error = icmp_error("10.0.0.1", "192.0.2.200", 3, 3, in(Protocol::kUdp, 1).bytes);
  std::ranges::copy(parse_mac(kGatewayMacText), error.bytes.begin());
  std::ranges::copy(parse_mac(test::mac_of("a")), error.bytes.begin() + ETH_ALEN);
  EXPECT_EQ(from_vm("a", error), dropped(error, "a from", "NO_ROUTE"));
}

// A test run can set gso_size but not gso_type, so a later check in the kernel refuses the frame.
// NextHop in tests/net sends real TSO frames.
const std::string kMtuExceeded = "a from FRAGMENTATION_NEEDED";

TEST_P(NatOnTc, TsoSegmentsRespectTheMtu) {
  Ends ends = Ends::between(test::mac_of("a"), kGatewayMacText);
  ends.dst_ip = kPeerIp;
  const Frame frame = tcp4(ends, 3000);
  const auto fits = [&](uint32_t segment) {
    return !from_vm("a", frame, {.gso_size = segment}).counted.contains(kMtuExceeded);
  };
  EXPECT_TRUE(fits(1460));
  EXPECT_FALSE(fits(1461));
}

// The program obeys a route's MTU as far as the kernel shows it (docs/packet-path.md).
TEST_P(NatOnTc, RouteMtuIsRespectedAndReported) {
  const auto route = [&](const char* verb) {
    rig_.ns().must({"ip", "route", verb, "192.0.2.64/26", "via", kRouterIp, "mtu", "lock", "1400"});
  };
  route("add");
  Ends ends = Ends::between(test::mac_of("a"), kGatewayMacText);
  ends.dst_ip = "192.0.2.65";
  const Outcome sent_error = from_vm("a", tcp4(ends, 1361));
  const Outcome fits = from_vm("a", tcp4(ends, 1360));
  const Outcome segments = from_vm("a", tcp4(ends, 3000), {.gso_size = 1361});
  const Outcome segments_fit = from_vm("a", tcp4(ends, 3000), {.gso_size = 1360});
  route("del");
  EXPECT_EQ(sent_error.counted, (Counts{{kMtuExceeded, 1}, {"a to carried", 1}}));
  EXPECT_EQ(get_be16(sent_error.bytes, kIpOffset + 26), 1400);
  EXPECT_EQ(fits.counted, (Counts{{"a from carried", 1}, {"up to carried", 1}}));
  EXPECT_TRUE(segments.counted.contains(kMtuExceeded));
  EXPECT_FALSE(segments_fit.counted.contains(kMtuExceeded));
}

// The kernel's neighbour table is shared by the machine. So a network may wait for 16 unknown
// neighbours, and the next one is refused for 3 s.
TEST_P(NatOnTc, UnknownNeighboursAreLimitedPerNetwork) {
  const auto neighbour = [&](int number, const std::string& port) {
    Ends ends = Ends::between(test::mac_of(port), kGatewayMacText);
    ends.dst_ip = "198.51.100." + std::to_string(number);
    ends.src_port = kInsidePort;
    return udp4(ends);
  };
  for (int number = 100; number < 116; ++number)
    EXPECT_TRUE(leaves(neighbour(number, "a"))) << number;
  EXPECT_TRUE(leaves(neighbour(100, "a"))) << "its lookup is already pending";
  expect_icmp_error(neighbour(116, "a"), "NEIGHBOURS_EXHAUSTED", 3, 1);
  EXPECT_TRUE(leaves(out(Protocol::kUdp))) << "through the router";
  EXPECT_TRUE(leaves(neighbour(116, "d"), "d")) << "another network";
  abi::nat_network rules = rig_.tables().nat_networks.find(kRed).value();
  for (auto& asked : rules.asked) asked -= 4;
  rig_.tables().nat_networks.put(kRed, rules);
  EXPECT_TRUE(leaves(neighbour(116, "a"))) << "after the limit has passed";
}

TEST_P(NatOnTc, UnknownNeighbourIsResolvedByTheKernel) {
  const Outcome outcome = from_vm("a", out_to("198.51.100.77", 80));
  EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_EQ(outcome.counted, (Counts{{"a from carried", 1}, {"up to carried", 1}}));
  EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, kPublicIp);
}

TEST_P(NatOnTc, ProtocolWithoutPortsIsDropped) {
  Frame gre = out(Protocol::kUdp);
  gre.bytes.at(kIpOffset + 9) = 47;
  EXPECT_EQ(from_vm("a", gre), dropped(gre, "a from", "NOT_TRANSLATABLE"));
  Frame redirect = out(Protocol::kIcmp);
  redirect.bytes.at(kIpOffset + 20) = 5;
  EXPECT_EQ(from_vm("a", redirect), dropped(redirect, "a from", "NOT_TRANSLATABLE"));
}

// The frames are cut at every byte, in both directions. A test run accepts no frame shorter than an
// IPv4 header.
TEST_P(NatOnTc, TruncatedFrameIsNeverForwarded) {
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t port = leaves(out(protocol)).value_or(0);
    const size_t size = kIpOffset + 20 + (protocol == Protocol::kTcp ? 20 : 8);
    for (size_t end = kIpOffset + 20; end < size; ++end) {
      Frame frame = out(protocol);
      frame.bytes.resize(end);
      EXPECT_EQ(from_vm("a", frame).verdict, Verdict::kDrop) << end;
      Frame answer = in(protocol, port);
      answer.bytes.resize(end);
      EXPECT_NE(from_uplink(answer).verdict, Verdict::kRedirect) << end;
    }
  }
}

TEST_P(NatOnTc, IcmpErrorFromInsideIsTranslated) {
  const uint16_t port = leaves(out(Protocol::kUdp)).value_or(0);
  const Frame answer = in(Protocol::kUdp, port);
  const Outcome got = from_uplink(answer);
  Frame error = icmp_error("10.0.0.1", kPeerIp, 3, 3, got.bytes);
  std::ranges::copy(parse_mac(kGatewayMacText), error.bytes.begin());
  std::ranges::copy(parse_mac(test::mac_of("a")), error.bytes.begin() + ETH_ALEN);
  const Outcome outcome = from_vm("a", error);
  ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_EQ(checksum_problems(outcome.bytes), "");
  EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, kPublicIp);
  const Endpoints quoted = endpoints_of(outcome.bytes, kQuote);
  EXPECT_EQ(quoted.dst_ip, kPublicIp);
  EXPECT_EQ(quoted.dst_port, port);
  EXPECT_EQ(quoted.src_ip, kPeerIp);
}

// RFC 4787, REQ-9; RFC 5382, REQ-8: each VM sees the other's public address and port.
TEST_P(NatOnTc, HairpinByPublicPortsWorks) {
  set_flags(kBlue, abi::NAT_ANY_REMOTE);
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    const uint16_t of_d = leaves(out(protocol, "d"), "d").value_or(0);
    const Frame question = out_to(kPublicIp, of_d, protocol);
    const Outcome asked = from_vm("a", question);
    EXPECT_EQ(asked.verdict, Verdict::kRedirect);
    EXPECT_EQ(asked.counted, (Counts{{"a from carried", 1}, {"d to carried", 1}}));
    EXPECT_EQ(checksum_problems(asked.bytes), "");
    Endpoints seen = endpoints_of(asked.bytes);
    EXPECT_EQ(seen, (Endpoints{kGatewayMacText, test::mac_of("d"), kPublicIp, "10.0.0.1",
                               seen.src_port, kInsidePort, 63}));
    Ends ends = Ends::between(test::mac_of("d"), kGatewayMacText);
    ends.dst_ip = kPublicIp;
    ends.src_port = kInsidePort;
    ends.dst_port = seen.src_port;
    const Outcome answered = from_vm("d", protocol == Protocol::kTcp ? tcp4(ends) : udp4(ends));
    EXPECT_EQ(answered.counted, (Counts{{"d from carried", 1}, {"a to carried", 1}}));
    EXPECT_EQ(checksum_problems(answered.bytes), "");
    seen = endpoints_of(answered.bytes);
    EXPECT_EQ(seen, (Endpoints{kGatewayMacText, test::mac_of("a"), kPublicIp, "10.0.0.1", of_d,
                               kInsidePort, 63}));
  }
}

TEST_P(NatOnTc, HairpinIsFiltered) {
  const uint16_t of_d = leaves(out(Protocol::kUdp, "d"), "d").value_or(0);
  const Frame frame = out_to(kPublicIp, of_d);
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NAT_FILTERED"));
  const Frame nobody = out_to(kPublicIp, 22);
  EXPECT_EQ(from_vm("a", nobody), dropped(nobody, "a from", "NAT_NO_MAPPING"));
}

TEST_P(NatOnTc, NetworkWithoutSnatIsNotTranslated) {
  rig_.set_gateway(kPlain, "10.0.0.254");
  rig_.set_address(kPlain, "10.0.0.1", "e", "");
  const Frame frame = out(Protocol::kUdp, "e");
  EXPECT_EQ(from_vm("e", frame), dropped(frame, "e from", "NOT_ROUTED"));
}

}  // namespace
}  // namespace xvnet::test
