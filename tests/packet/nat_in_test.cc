// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/in.h: which frames from the uplink the NAT accepts, and which it drops or passes to the
// host. nat_fixture.h describes the hosts and addresses.
#include <linux/if_ether.h>

#include <algorithm>

#include "answer_model.h"
#include "link.h"
#include "nat_fixture.h"

namespace xvnet::test {
namespace {

// docs/packet-path.md
constexpr uint32_t kRoutedMarkOfArp = 0x78766e72;

class NatIn : public NatFixture {};
INSTANTIATE_TEST_SUITE_P(Hooks, NatIn, tc_alone(), hook_name);

// A pool's address is used by the NAT only, so an unsolicited frame to it is dropped without an
// answer (RFC 5382, REQ-4).
TEST_P(NatIn, UnsolicitedFramesToAPoolAreDropped) {
  for (const Protocol protocol : kAllProtocols) {
    const Frame frame = in(protocol, kRedFirstPort + 1);
    EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "NAT_NO_MAPPING"));
  }
}

TEST_P(NatIn, UnsolicitedFramesToTheHostPass) {
  set_flags(kRed, 0, abi::NAT_ADDRESS_OF_HOST);
  for (const Protocol protocol : kAllProtocols) {
    const Frame frame = in(protocol, kRedFirstPort + 1);
    EXPECT_EQ(from_uplink(frame), left(frame));
  }
}

TEST_P(NatIn, FramesForOtherAddressesOrMacsPass) {
  const uint16_t port = leaves(out(Protocol::kUdp)).value_or(0);
  Frame other = in(Protocol::kUdp, port);
  std::ranges::copy(parse_mac(test::mac_of("new")), other.bytes.begin());
  rig_.set_vlan("up", 0, 0);
  EXPECT_EQ(from_uplink(other), left(other));
  Ends ends = Ends::between(test::mac_of("wire"), uplink_mac());
  ends.dst_ip = kUplinkIp;
  const Frame to_host = udp4(ends);
  EXPECT_EQ(from_uplink(to_host), left(to_host));
}

TEST_P(NatIn, TaggedFrameFromTheWirePasses) {
  const uint16_t port = leaves(out(Protocol::kUdp)).value_or(0);
  const Frame tagged = in(Protocol::kUdp, port).tagged(kHostsVid);
  EXPECT_EQ(from_uplink(tagged), left(tagged));
}

// IEEE 802.1Q, 6.9.1: a priority tag puts a frame into no VLAN.
TEST_P(NatIn, PriorityTaggedReplyIsTranslated) {
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t port = leaves(out(protocol)).value_or(0);
    for (const uint8_t priority : {0, 7}) {
      const auto there = arrives(in(protocol, port).tagged({.vid = 0, .pcp = priority}));
      ASSERT_TRUE(there);
      EXPECT_EQ(there->dst_ip, "10.0.0.1");
      EXPECT_EQ(there->src_ip, kPeerIp);
    }
  }
  const Frame service = in(Protocol::kUdp, kRedFirstPort).tagged({.vid = 0, .tpid = 0x88a8});
  EXPECT_EQ(from_uplink(service), left(service));
}

TEST_P(NatIn, PriorityTagOfAHostFrameStays) {
  set_flags(kRed, 0, abi::NAT_ADDRESS_OF_HOST);
  const Frame untagged = in(Protocol::kUdp, 9);
  const Outcome outcome = from_uplink(untagged.tagged({.vid = 0, .pcp = 5}));
  EXPECT_EQ(outcome.verdict, Verdict::kPass);
  EXPECT_EQ(outcome.bytes, pushed(untagged, {.vid = 0, .pcp = 5}).bytes);
}

TEST_P(NatIn, VanishedPortGetsNoFrame) {
  const uint16_t port = leaves(out(Protocol::kUdp)).value_or(0);
  rig_.erase_interface("a");
  const Frame frame = in(Protocol::kUdp, port);
  EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "NO_DEVICE"));
}

// RFC 5508, REQ-3 to REQ-6: both headers are translated, and the mapping is unchanged.
TEST_P(NatIn, IcmpErrorFromOutsideReachesTheQuotedVm) {
  for (const Protocol protocol : kAllProtocols) {
    const Frame frame = out(protocol);
    const Outcome sent = from_vm("a", frame);
    const uint16_t port = endpoints_of(sent.bytes).src_port;
    const uint64_t before = slot(port, protocol).expires_ns;
    Frame error = icmp_error(kRouterIp, kPublicIp, 11, 0, sent.bytes);
    std::ranges::copy(parse_mac(uplink_mac()), error.bytes.begin());
    const Outcome outcome = from_uplink(error);
    ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(checksum_problems(outcome.bytes), "");
    EXPECT_EQ(endpoints_of(outcome.bytes).dst_ip, "10.0.0.1");
    EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, kRouterIp);
    const Endpoints quoted = endpoints_of(outcome.bytes, kQuote);
    EXPECT_EQ(quoted.src_ip, "10.0.0.1");
    EXPECT_EQ(quoted.src_port, endpoints_of(frame.bytes).src_port);
    EXPECT_EQ(quoted.dst_ip, kPeerIp);
    EXPECT_EQ(slot(port, protocol).expires_ns, before);
  }
}

TEST_P(NatIn, IcmpErrorWithoutAMappingIsDropped) {
  const Outcome sent = from_vm("a", out(Protocol::kUdp));
  const auto forged = [&](auto change) {
    Bytes about = sent.bytes;
    change(about);
    put_be16(about, kIpOffset + 10, 0);
    finish_checksum(about, kIpOffset, 10, kIpOffset + 20);
    Frame error = icmp_error(kRouterIp, kPublicIp, 3, 1, about);
    std::ranges::copy(parse_mac(uplink_mac()), error.bytes.begin());
    return from_uplink(error);
  };
  EXPECT_EQ(forged([](Bytes&) {}).verdict, Verdict::kRedirect);
  EXPECT_EQ(forged([](Bytes& about) { about[kIpOffset + 20] ^= 1; }).verdict, Verdict::kDrop)
      << "port";
  EXPECT_EQ(forged([](Bytes& about) { about[kIpOffset + 19] ^= 1; }).verdict, Verdict::kDrop)
      << "remote";
  EXPECT_EQ(forged([](Bytes& about) { about[kIpOffset + 15] ^= 1; }).verdict, Verdict::kDrop)
      << "source";
  EXPECT_EQ(forged([](Bytes& about) { about[kIpOffset + 9] = 47; }).verdict, Verdict::kDrop)
      << "protocol";
  EXPECT_EQ(
      forged([](Bytes& about) { about[kIpOffset + 6] = 0x20, about[kIpOffset + 7] = 9; }).verdict,
      Verdict::kDrop)
      << "fragment";
}

// The programs answer ARP for a pool's address, as the host does for its own addresses.
TEST_P(NatIn, AnswersArpForAPoolAddress) {
  Ends ends = Ends::between(test::mac_of("wire"), kBroadcast);
  ends.src_ip = kRouterIp;
  ends.dst_ip = kPublicIp;
  const Frame question = arp_request(ends);
  const Outcome outcome = from_uplink(question);
  EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_EQ(outcome.bytes, arp_reply(question.bytes, parse_mac(uplink_mac())));
  EXPECT_EQ(mark(), kRoutedMarkOfArp) << "the request may come from a VM of the untagged network";
  EXPECT_EQ(from_uplink(question, {.mark = kOwnMark}).verdict, Verdict::kRedirect);
  rig_.set_vlan("up", 0, 0);
  from_uplink(question);
  EXPECT_EQ(mark(), kOwnMark);
  set_flags(kRed, 0, abi::NAT_ADDRESS_OF_HOST);
  EXPECT_EQ(from_uplink(question).verdict, Verdict::kPass)
      << "the host answers for its own address";
}

}  // namespace
}  // namespace xvnet::test
