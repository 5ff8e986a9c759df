// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/lookup.h, and the handling of forwards and floating addresses in out.h and in.h.
// nat_fixture.h describes the hosts and addresses.
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>

#include "forward_fixture.h"
#include "link.h"

namespace xvnet::test {
namespace {

class Forward : public ForwardFixture {};
INSTANTIATE_TEST_SUITE_P(Hooks, Forward, tc_alone(), hook_name);

TEST_P(Forward, ReachesTheVmAndTranslatesItsReply) {
  forward();
  send_arp();
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    EXPECT_EQ(arrives(in(protocol, kForwardedPort)), (Endpoints{.src_mac = kGatewayMacText,
                                                                .dst_mac = test::mac_of("a"),
                                                                .src_ip = kPeerIp,
                                                                .dst_ip = "10.0.0.1",
                                                                .src_port = kPeerPort,
                                                                .dst_port = kServicePort,
                                                                .ttl = 63}));
    EXPECT_EQ(leaves(answer(protocol)), kForwardedPort);
  }
}

// A forward keeps no session per remote, so a flood of remotes cannot exhaust a table.
TEST_P(Forward, AdmitsEveryRemoteAndKeepsNoSession) {
  forward();
  send_arp();
  for (int peer = 1; peer < 100; ++peer)
    EXPECT_TRUE(arrives(in(Protocol::kTcp, kForwardedPort, "192.0.2." + std::to_string(peer))));
  for (const auto& key : rig_.tables().nat_sessions.keys()) {
    const auto bucket = rig_.tables().nat_sessions.find(key).value();
    for (const auto& session : bucket.sessions) EXPECT_EQ(session.expires_ns, 0U);
  }
}

TEST_P(Forward, DropsSourcesThatAreNotForwardable) {
  forward();
  make_floating();
  send_arp();
  for (const char* ip : kNotForwardable) {
    const abi::address source = address_of(ip);
    for (Frame frame : {in(Protocol::kUdp, kForwardedPort), in(Protocol::kTcp, kForwardedPort),
                        to_floating(Protocol::kUdp), to_floating(Protocol::kIcmp)}) {
      std::copy_n(source.bytes + 12, 4, frame.bytes.begin() + kIpOffset + 12);
      EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "UNROUTABLE_SOURCE")) << ip;
    }
  }
}

TEST_P(Forward, DoesNotExpire) {
  forward();
  send_arp();
  for (const uint8_t flags : {tcp::kSyn, tcp::kFin, tcp::kRst}) {
    EXPECT_TRUE(arrives(with_tcp_flags(in(Protocol::kTcp, kForwardedPort), flags)));
    EXPECT_EQ(leaves(with_tcp_flags(answer(Protocol::kTcp), flags)), kForwardedPort);
  }
  EXPECT_EQ(slot(kForwardedPort, Protocol::kTcp).expires_ns, NAT_SLOT_FORWARD);
}

TEST_P(Forward, PortIsNotUsedForOtherMappings) {
  forward();
  rig_.set_address(kBlue, "10.0.0.1", "d", "");
  EXPECT_NE(leaves(out(Protocol::kUdp, "d"), "d"), kForwardedPort);
  EXPECT_NE(leaves(out(Protocol::kUdp)), kForwardedPort);
}

TEST_P(Forward, UnknownMacIsResolvedByArp) {
  forward();
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    const Outcome outcome = from_uplink(in(protocol, kForwardedPort));
    EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(outcome.counted, (Counts{{"up from MAC_UNKNOWN", 1}, {"a to carried", 1}}));
    Ends ends = Ends::between(kGatewayMacText, kBroadcast);
    ends.src_ip = kRedGatewayIp;
    ends.dst_ip = "10.0.0.1";
    Bytes question = arp_request(ends).bytes;
    question.resize(ETH_HLEN + kArpLength);
    question.resize(ETH_ZLEN);
    EXPECT_EQ(outcome.bytes, question);
  }
}

TEST_P(Forward, ArpReplyGoesOnlyToTheGateway) {
  forward();
  Ends ends = Ends::between(test::mac_of("a"), kGatewayMacText);
  ends.src_ip = "10.0.0.1";
  ends.dst_ip = kRedGatewayIp;
  Frame reply = arp_request(ends);
  put_be16(reply.bytes, ETH_HLEN + 6, ARPOP_REPLY);
  const Outcome outcome = from_vm("a", reply);
  EXPECT_EQ(outcome.verdict, Verdict::kDrop);
  EXPECT_EQ(outcome.counted, (Counts{{"a from carried", 1}}));
  EXPECT_TRUE(arrives(in(Protocol::kTcp, kForwardedPort)));
}

// Only the port that owns an address may announce a MAC for it.
TEST_P(Forward, ArpReplyOfAnotherPortIsIgnored) {
  forward();
  send_arp("b", "10.0.0.1");
  send_arp("d", "10.0.0.1");
  EXPECT_TRUE(
      from_uplink(in(Protocol::kTcp, kForwardedPort)).counted.contains("up from MAC_UNKNOWN"));
  send_arp();
  send_arp("b", "10.0.0.1");
  EXPECT_EQ(arrives(in(Protocol::kTcp, kForwardedPort))->dst_mac, test::mac_of("a"));
}

TEST_P(Forward, FollowsTheAddressToAnotherPort) {
  forward();
  send_arp();
  EXPECT_EQ(leaves(answer(Protocol::kUdp)), kForwardedPort);
  rig_.set_address(kRed, "10.0.0.1", "b", "02:00:00:00:00:99");
  EXPECT_EQ(arrives(in(Protocol::kUdp, kForwardedPort), "b")->dst_mac, "02:00:00:00:00:99");
}

TEST_P(Forward, ToAnUnassignedAddressIsDropped) {
  forward("10.0.0.77");
  const Frame frame = in(Protocol::kTcp, kForwardedPort);
  EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "HOST_UNREACHABLE"));
}

TEST_P(Forward, IcmpErrorAboutAReplyReachesTheVm) {
  forward();
  send_arp();
  Ends ends = Ends::between(test::mac_of("wire"), uplink_mac());
  ends.src_ip = kPublicIp;
  ends.dst_ip = kPeerIp;
  ends.src_port = kForwardedPort;
  ends.dst_port = kPeerPort;
  Frame error = icmp_error("198.51.100.9", kPublicIp, 3, 4, udp4(ends).bytes);
  const Bytes macs = udp4(ends).bytes;
  std::copy_n(macs.begin(), 2 * ETH_ALEN, error.bytes.begin());
  const Outcome outcome = from_uplink(error);
  ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
  const Endpoints quoted = endpoints_of(outcome.bytes, kTransportOffset + 8);
  EXPECT_EQ(quoted.src_ip, "10.0.0.1");
  EXPECT_EQ(quoted.src_port, kServicePort);
}

// RFC 4787, REQ-9 (hairpinning), for a port from which the VM has not sent yet.
TEST_P(Forward, WorksBetweenVms) {
  forward();
  send_arp();
  const Outcome of_b = from_vm("b", from_b(kPublicIp, kForwardedPort));
  ASSERT_EQ(of_b.verdict, Verdict::kRedirect);
  const Endpoints at_a = endpoints_of(of_b.bytes);
  EXPECT_EQ(checksum_problems(of_b.bytes), "");
  EXPECT_EQ(at_a.src_ip, kPublicIp);
  EXPECT_EQ(at_a.dst_ip, "10.0.0.1");
  EXPECT_EQ(at_a.dst_port, kServicePort);
  // The reply goes back through the same translation.
  Ends back = Ends::between(test::mac_of("a"), kGatewayMacText);
  back.src_ip = "10.0.0.1";
  back.dst_ip = kPublicIp;
  back.src_port = kServicePort;
  back.dst_port = at_a.src_port;
  const Outcome to_b = from_vm("a", udp4(back));
  ASSERT_EQ(to_b.verdict, Verdict::kRedirect);
  EXPECT_EQ(endpoints_of(to_b.bytes).src_port, kForwardedPort);
  EXPECT_EQ(endpoints_of(to_b.bytes).dst_port, kInsidePort);
  EXPECT_EQ(endpoints_of(to_b.bytes).dst_mac, test::mac_of("b"));

  Frame of_blue = out(Protocol::kUdp, "d");
  Ends ends = Ends::between(test::mac_of("d"), kGatewayMacText);
  ends.src_ip = "10.0.0.1";
  ends.dst_ip = kPublicIp;
  ends.src_port = kInsidePort;
  ends.dst_port = kForwardedPort;
  const Outcome of_d = from_vm("d", udp4(ends));
  ASSERT_EQ(of_d.verdict, Verdict::kRedirect);
  EXPECT_EQ(of_d.counted, (Counts{{"d from carried", 1}, {"a to carried", 1}}));
}

TEST_P(Forward, FloatingAddressIsTranslatedInBothDirections) {
  make_floating();
  send_arp();
  for (const Protocol protocol : kAllProtocols) {
    const Frame frame = to_floating(protocol);
    const auto there = arrives(frame);
    ASSERT_TRUE(there);
    EXPECT_EQ(there->dst_ip, "10.0.0.1");
    EXPECT_EQ(there->dst_port, endpoints_of(frame.bytes).dst_port);
    const Frame sent = out(protocol);
    const auto left = leaves_as(sent);
    ASSERT_TRUE(left);
    EXPECT_EQ(left->src_ip, kFloatingIp);
    EXPECT_EQ(left->src_port, endpoints_of(sent.bytes).src_port);
  }
}

TEST_P(Forward, APingReachesAFloatingAddress) {
  make_floating();
  send_arp();
  Ends ends = Ends::between(test::mac_of("wire"), uplink_mac());
  ends.src_ip = kPeerIp;
  ends.dst_ip = kFloatingIp;
  EXPECT_TRUE(arrives(icmp4_echo(ends)));
  EXPECT_EQ(from_vm("b", from_b(kFloatingIp, 0, Protocol::kIcmp)).verdict, Verdict::kRedirect);
}

// The query's identifier is mapped to the sender's public address, so that the reply finds its way
// back.
TEST_P(Forward, PingBetweenVmsByFloatingAddressIsAnswered) {
  make_floating();
  send_arp();
  send_arp("b", "10.0.0.2");
  const Frame query = from_b(kFloatingIp, 0, Protocol::kIcmp);
  const Outcome there = from_vm("b", query);
  ASSERT_EQ(there.counted, (Counts{{"b from carried", 1}, {"a to carried", 1}}));
  EXPECT_EQ(checksum_problems(there.bytes), "");
  const Endpoints asked = endpoints_of(there.bytes);
  EXPECT_EQ(asked.src_ip, kPublicIp);
  EXPECT_EQ(asked.dst_ip, "10.0.0.1");
  EXPECT_NE(asked.src_port, endpoints_of(query.bytes).src_port);
  Frame answer = out(Protocol::kIcmp);
  answer.bytes = there.bytes;
  const Bytes macs = out(Protocol::kIcmp).bytes;
  std::copy_n(macs.begin(), 2 * ETH_ALEN, answer.bytes.begin());
  std::swap_ranges(answer.bytes.begin() + ETH_HLEN + 12, answer.bytes.begin() + ETH_HLEN + 16,
                   answer.bytes.begin() + ETH_HLEN + 16);
  constexpr size_t kType = ETH_HLEN + 20;
  answer.bytes[kType] = 0;  // changing the type to echo reply adds 8 to the checksum
  const uint32_t sum = get_be16(answer.bytes, kType + 2) + 0x0800U;
  put_be16(answer.bytes, kType + 2, static_cast<uint16_t>((sum & 0xffff) + (sum >> 16)));
  const Outcome back = from_vm("a", answer);
  ASSERT_EQ(back.counted, (Counts{{"a from carried", 1}, {"b to carried", 1}}));
  EXPECT_EQ(checksum_problems(back.bytes), "");
  EXPECT_EQ(endpoints_of(back.bytes).src_ip, kFloatingIp);
  EXPECT_EQ(endpoints_of(back.bytes).dst_ip, "10.0.0.2");
  EXPECT_EQ(endpoints_of(back.bytes).src_port, endpoints_of(query.bytes).src_port);
}

// A floating address is translated by address only, so a fragment needs no port.
TEST_P(Forward, FloatingAddressFragmentsPassInAnyOrder) {
  make_floating();
  send_arp();
  Ends inward = Ends::between(test::mac_of("wire"), uplink_mac());
  inward.src_ip = kPeerIp;
  inward.dst_ip = kFloatingIp;
  Ends outward = Ends::between(test::mac_of("a"), kGatewayMacText);
  outward.dst_ip = kPeerIp;
  for (const FragmentPart part : {FragmentPart::kLast, FragmentPart::kFirst}) {
    const Outcome into = from_uplink(udp4_fragment(inward, part));
    EXPECT_EQ(into.verdict, Verdict::kRedirect);
    EXPECT_EQ(endpoints_of(into.bytes).dst_ip, "10.0.0.1");
    const Outcome from = from_vm("a", udp4_fragment(outward, part));
    EXPECT_EQ(from.verdict, Verdict::kRedirect);
    EXPECT_EQ(endpoints_of(from.bytes).src_ip, kFloatingIp);
  }
}

TEST_P(Forward, FloatingAddressWorksForUnknownProtocols) {
  make_floating();
  send_arp();
  Frame frame = out(Protocol::kUdp);
  frame.bytes.at(kIpOffset + 9) = IPPROTO_GRE;
  frame = with_ttl(frame, 64);
  const Outcome outcome = from_vm("a", frame);
  ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, kFloatingIp);
  EXPECT_TRUE(std::equal(frame.bytes.begin() + kTransportOffset, frame.bytes.end(),
                         outcome.bytes.begin() + kTransportOffset, outcome.bytes.end()));
  frame.bytes.at(kIpOffset + 9) = IPPROTO_UDPLITE;
  frame = with_ttl(frame, 64);
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_TRANSLATABLE"));
}

TEST_P(Forward, OtherVmsKeepTheirPublicAddress) {
  make_floating();
  const auto left = leaves_as(from_b(kPeerIp, kPeerPort), "b");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->src_ip, kPublicIp);
}

}  // namespace
}  // namespace xvnet::test
