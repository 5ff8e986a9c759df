// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/host.h: frames from the host to a forward, and the replies.
#include <linux/if_ether.h>

#include "forward_fixture.h"

namespace xvnet::test {
namespace {

constexpr uint16_t kHostPort = 34567;
constexpr uint64_t kNanosecondsOfASecond = 1'000'000'000;

class HostForward : public ForwardFixture {
 protected:
  // A frame that the host sends on the uplink.
  Frame question(Protocol protocol, uint16_t port = kForwardedPort,
                 const std::string& ip = kPublicIp) {
    Ends ends = Ends::between(uplink_mac(), uplink_mac());
    ends.src_ip = kUplinkIp;
    ends.dst_ip = ip;
    ends.src_port = kHostPort;
    ends.dst_port = port;
    return frame_between(protocol, ends);
  }
  Frame reply_to_host(Protocol protocol, uint16_t host_port = kHostPort,
                      uint16_t port = kServicePort) {
    Ends ends = Ends::between(test::mac_of("a"), kGatewayMacText);
    ends.src_ip = "10.0.0.1";
    ends.dst_ip = kUplinkIp;
    ends.src_port = port;
    ends.dst_port = host_port;
    return frame_between(protocol, ends);
  }
  bool reaches_vm(const Frame& frame) {
    const Outcome outcome = from_host(frame);
    return outcome.verdict == Verdict::kRedirect &&
           outcome.counted == Counts{{"a to carried", 1}} &&
           checksum_problems(outcome.bytes).empty();
  }
  bool reaches_host(const Frame& frame) {
    const Outcome outcome = from_vm("a", frame);
    return outcome.counted == Counts{{"a from carried", 1}} && mark() == kOwnMark &&
           checksum_problems(outcome.bytes).empty();
  }
  // True when the frame goes to the wire unmodified. If its MAC is unknown, the untagged network's
  // ports also get copies.
  bool passes_unmodified(const Frame& frame) {
    const Outcome outcome = from_host(frame);
    return outcome.verdict == Verdict::kPass && outcome.bytes == frame.bytes &&
           !outcome.counted.contains("a to carried");
  }
  // Makes all flows of the host as old as if it had sent nothing for this long.
  void age_host_flows(uint64_t seconds) {
    const auto& flows = rig_.tables().host_flows;
    for (const auto& key : flows.keys()) {
      abi::host_flow flow = flows.find(key).value();
      flow.last_seen_ns -= seconds * kNanosecondsOfASecond;
      flows.put(key, flow);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, HostForward, tc_alone(), hook_name);

TEST_P(HostForward, ReachesTheVmAndTranslatesItsReply) {
  forward();
  send_arp();
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    const Outcome there = from_host(question(protocol));
    EXPECT_EQ(there.verdict, Verdict::kRedirect);
    EXPECT_EQ(there.counted, (Counts{{"a to carried", 1}}));
    EXPECT_EQ(checksum_problems(there.bytes), "");
    EXPECT_EQ(endpoints_of(there.bytes), (Endpoints{.src_mac = kGatewayMacText,
                                                    .dst_mac = test::mac_of("a"),
                                                    .src_ip = kUplinkIp,
                                                    .dst_ip = "10.0.0.1",
                                                    .src_port = kHostPort,
                                                    .dst_port = kServicePort,
                                                    .ttl = 63}));
    const Outcome back = from_vm("a", reply_to_host(protocol));
    EXPECT_EQ(back.verdict, Verdict::kRedirect);
    EXPECT_EQ(back.counted, (Counts{{"a from carried", 1}}));
    EXPECT_EQ(mark(), kOwnMark);
    EXPECT_EQ(checksum_problems(back.bytes), "");
    EXPECT_EQ(endpoints_of(back.bytes), (Endpoints{.src_mac = kGatewayMacText,
                                                   .dst_mac = uplink_mac(),
                                                   .src_ip = kPublicIp,
                                                   .dst_ip = kUplinkIp,
                                                   .src_port = kForwardedPort,
                                                   .dst_port = kHostPort,
                                                   .ttl = 63}));
  }
}

TEST_P(HostForward, OfAFloatingAddressWorksForEveryProtocol) {
  make_floating();
  send_arp();
  for (const Protocol protocol : kAllProtocols) {
    EXPECT_TRUE(reaches_vm(question(protocol, kServicePort, kFloatingIp)));
    EXPECT_TRUE(reaches_host(reply_to_host(protocol)));
  }
}

TEST_P(HostForward, VmCannotReachTheHostUnsolicited) {
  forward();
  send_arp();
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    EXPECT_FALSE(reaches_host(reply_to_host(protocol)));
    ASSERT_TRUE(reaches_vm(question(protocol)));
    EXPECT_FALSE(reaches_host(reply_to_host(protocol, kHostPort + 1)));
    EXPECT_FALSE(reaches_host(reply_to_host(protocol, kHostPort, kServicePort + 1)));
    EXPECT_TRUE(reaches_host(reply_to_host(protocol)));
  }
  const Frame tcp = reply_to_host(Protocol::kTcp);
  EXPECT_FALSE(reaches_host(with_tcp_flags(tcp, tcp::kSyn)));
  EXPECT_TRUE(reaches_host(with_tcp_flags(tcp, tcp::kSyn | tcp::kAck)));
  EXPECT_FALSE(reaches_host(reply_to_host(Protocol::kIcmp)));
}

TEST_P(HostForward, IdleHostFlowExpires) {
  forward();
  send_arp();
  for (const auto& [protocol, seconds] :
       {std::pair{Protocol::kUdp, 300}, std::pair{Protocol::kTcp, 7440}}) {
    ASSERT_TRUE(reaches_vm(question(protocol)));
    age_host_flows(seconds - 10);
    EXPECT_TRUE(reaches_host(reply_to_host(protocol)));
    age_host_flows(20);
    EXPECT_FALSE(reaches_host(reply_to_host(protocol)));
    ASSERT_TRUE(reaches_vm(question(protocol)));
    EXPECT_TRUE(reaches_host(reply_to_host(protocol)));
  }
}

// A VM's mapping to an outside peer does not admit the host.
TEST_P(HostForward, OtherFramesPassUnmodified) {
  forward();
  send_arp();
  const auto port = leaves(out(Protocol::kUdp));
  ASSERT_TRUE(port);
  for (const uint16_t other : {*port, uint16_t{kForwardedPort + 1}}) {
    EXPECT_TRUE(passes_unmodified(question(Protocol::kUdp, other)));
  }
  EXPECT_TRUE(
      passes_unmodified(icmp_error(kUplinkIp, kPublicIp, 3, 3, question(Protocol::kUdp).bytes)));
  EXPECT_TRUE(passes_unmodified(question(Protocol::kUdp, kForwardedPort, kPeerIp)));
}

TEST_P(HostForward, FragmentPassesUnmodified) {
  make_floating();
  send_arp();
  Frame frame = question(Protocol::kUdp, kServicePort, kFloatingIp);
  put_be16(frame.bytes, kIpOffset + 6, 0x2000);
  frame = with_ttl(frame, 64);
  EXPECT_TRUE(passes_unmodified(frame));
}

TEST_P(HostForward, ToAnUnassignedAddressIsDropped) {
  forward("10.0.0.9");
  const Frame frame = question(Protocol::kTcp);
  EXPECT_EQ(from_host(frame), dropped(frame, "up to", "HOST_UNREACHABLE"));
}

TEST_P(HostForward, UnknownMacIsResolvedByArp) {
  forward();
  const Outcome outcome = from_host(question(Protocol::kTcp));
  EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_EQ(outcome.counted, (Counts{{"up to MAC_UNKNOWN", 1}, {"a to carried", 1}}));
  EXPECT_EQ(get_be16(outcome.bytes, 2 * ETH_ALEN), ETH_P_ARP);
}

TEST_P(HostForward, HostsArpRequestForAPublicAddressIsAnswered) {
  forward();
  Ends ends = Ends::between(uplink_mac(), kBroadcast);
  ends.src_ip = kUplinkIp;
  ends.dst_ip = kPublicIp;
  const Outcome outcome = from_host(arp_request(ends));
  EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_EQ(mark(), kOwnMark);
  EXPECT_EQ(get_be16(outcome.bytes, ETH_HLEN + 6), ARPOP_REPLY);
  EXPECT_EQ(mac_text(outcome.bytes, 0), uplink_mac());
  ends.dst_ip = kPeerIp;
  EXPECT_TRUE(passes_unmodified(arp_request(ends)));
  ends.src_ip = ends.dst_ip = kPublicIp;
  EXPECT_TRUE(passes_unmodified(arp_request(ends)));
}

}  // namespace
}  // namespace xvnet::test
