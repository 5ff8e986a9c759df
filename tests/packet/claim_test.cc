// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/claim.h: a public port on an address of the host that the host itself uses too.
// nat_fixture.h describes the hosts and addresses.
#include <linux/if_ether.h>

#include <algorithm>

#include "link.h"
#include "nat_fixture.h"

namespace xvnet::test {
namespace {

constexpr uint16_t kOutsideTheRange = 40000;

class Claim : public NatFixture {
 protected:
  Claim() {
    for (const uint32_t network : {kRed, kBlue}) set_flags(network, 0, abi::NAT_ADDRESS_OF_HOST);
  }
  // A frame from the host, or from a container whose traffic the host translates.
  Frame of_host(Protocol protocol, uint16_t port) const {
    Ends ends = Ends::between(uplink_mac(), test::mac_of("wire"));
    ends.src_ip = kPublicIp;
    ends.dst_ip = kPeerIp;
    ends.src_port = port;
    ends.dst_port = kPeerPort;
    Frame frame = frame_between(protocol, ends);
    if (protocol != Protocol::kIcmp) return frame;
    put_be16(frame.bytes, kTransportOffset + 4, port);
    put_be16(frame.bytes, kTransportOffset + 2, 0);
    finish_checksum(frame.bytes, kTransportOffset, 2, frame.bytes.size());
    return frame;
  }
  // Repeats the search for a free port. One search tries a few ports and records which of them the
  // host uses. The next search continues after them.
  std::optional<uint16_t> leaves_at_last(const Frame& frame) {
    constexpr int kSearches = 10;
    std::optional<uint16_t> port;
    for (int i = 0; i < kSearches && !port; ++i) {
      abi::nat_network rules = rig_.tables().nat_networks.find(kRed).value();
      std::ranges::fill(rules.full_until_ns, 0);
      rig_.tables().nat_networks.put(kRed, rules);
      port = leaves(frame);
    }
    return port;
  }
  void expect_passes(const Frame& frame) { EXPECT_EQ(from_host(frame), left(frame)); }
  void expect_dropped(const Frame& frame) {
    EXPECT_EQ(from_host(frame), dropped(frame, "up to", "UNSOLICITED"));
  }
  // The host's ICMP error for a frame to a port on which no socket listens.
  Frame port_unreachable(const Frame& about) const {
    Frame frame = icmp_error(kPublicIp, kPeerIp, 3, 3, about.bytes);
    Ends ends = Ends::between(uplink_mac(), test::mac_of("wire"));
    const Bytes macs = udp4(ends).bytes;
    std::copy_n(macs.begin(), 2 * ETH_ALEN, frame.bytes.begin());
    return frame;
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Claim, tc_alone(), hook_name);

TEST_P(Claim, HostsSourcePortIsTakenFromTheVm) {
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t port = leaves(out(protocol)).value_or(0);
    ASSERT_TRUE(arrives(in(protocol, port)));
    const Frame frame = of_host(protocol, port);
    EXPECT_EQ(from_host(frame),
              (Outcome{Verdict::kPass, frame.bytes, {{"up to NAT_PORT_CLAIMED", 1}}}));
    const Frame answer = in(protocol, port);
    EXPECT_EQ(from_uplink(answer), left(answer));
    const uint16_t other = leaves(out(protocol)).value_or(port);
    EXPECT_NE(other, port);
    EXPECT_TRUE(arrives(in(protocol, other)));
    EXPECT_EQ(from_uplink(answer), left(answer));
  }
}

TEST_P(Claim, HostsPortIsNotAssignedToAVm) {
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t left_over = kRedFirstPort + 20;
    for (uint16_t i = 0; i < kPublicPorts; ++i)
      if (kRedFirstPort + i != left_over) expect_passes(of_host(protocol, kRedFirstPort + i));
    EXPECT_EQ(leaves_at_last(out(protocol)), left_over);
    EXPECT_FALSE(leaves_at_last(out(protocol, "b", "10.0.0.2")));
    EXPECT_TRUE(leaves(out(protocol, "d"), "d")) << "another network";
  }
}

TEST_P(Claim, HostsPortOutsideTheRangesIsNotRecorded) {
  expect_passes(of_host(Protocol::kTcp, kOutsideTheRange));
  EXPECT_TRUE(rig_.tables().nat_slots.keys().empty());
}

TEST_P(Claim, PoolAddressCannotBeClaimed) {
  set_flags(kRed, 0);
  set_flags(kBlue, 0);
  expect_passes(of_host(Protocol::kUdp, kRedFirstPort));
  EXPECT_TRUE(rig_.tables().nat_slots.keys().empty());
}

TEST_P(Claim, FilteredFrameToAVmsPortIsPassedToTheHost) {
  for (const Protocol protocol : kAllProtocols) {
    const Frame frame = in(protocol, leaves(out(protocol)).value_or(0), kOtherPeerIp);
    EXPECT_EQ(from_uplink(frame), left(frame));
  }
}

// RFC 5382, REQ-4: an unsolicited SYN is not answered. A filtered datagram must not be answered
// either.
TEST_P(Claim, HostsErrorFromAVmsPortIsDropped) {
  const uint16_t of_vm = leaves(out(Protocol::kTcp)).value_or(0);
  const uint16_t of_nobody = of_vm == kRedFirstPort ? kRedFirstPort + 1 : kRedFirstPort;
  for (const uint16_t port : {of_vm, of_nobody}) {
    expect_dropped(with_tcp_flags(of_host(Protocol::kTcp, port), tcp::kRst | tcp::kAck));
    expect_dropped(port_unreachable(in(Protocol::kUdp, port)));
  }
  EXPECT_TRUE(arrives(in(Protocol::kTcp, of_vm))) << "the VM keeps its port";
}

TEST_P(Claim, HostsErrorFromItsOwnPortPasses) {
  expect_passes(with_tcp_flags(of_host(Protocol::kTcp, kRedFirstPort), tcp::kSyn));
  expect_passes(with_tcp_flags(of_host(Protocol::kTcp, kRedFirstPort), tcp::kRst));
  expect_passes(of_host(Protocol::kUdp, kRedFirstPort));
  expect_passes(port_unreachable(in(Protocol::kUdp, kRedFirstPort)));
}

TEST_P(Claim, LastsAsLongAsTheHostsConnection) {
  constexpr double kDays = 5 * 24 * 3600;
  const auto send = [this](uint8_t flags) {
    expect_passes(with_tcp_flags(of_host(Protocol::kTcp, kRedFirstPort), flags));
    return seconds_left(kRedFirstPort, Protocol::kTcp);
  };
  EXPECT_NEAR(send(tcp::kSyn), kDays, 5);
  EXPECT_NEAR(send(tcp::kAck), kDays, 5);
  EXPECT_NEAR(send(tcp::kFin | tcp::kAck), 240, 5);
  EXPECT_NEAR(send(tcp::kAck), 240, 5) << "after the connection ended";
  EXPECT_NEAR(send(tcp::kSyn), kDays, 5) << "a new connection";
  expect_passes(of_host(Protocol::kUdp, kRedFirstPort));
  EXPECT_NEAR(seconds_left(kRedFirstPort, Protocol::kUdp), 300, 5);
  expect_passes(of_host(Protocol::kIcmp, kRedFirstPort));
  EXPECT_NEAR(seconds_left(kRedFirstPort, Protocol::kIcmp), 60, 5);
}

// The identifier in an echo reply was chosen by the peer.
TEST_P(Claim, EchoReplyOfTheHostClaimsNothing) {
  Frame reply = of_host(Protocol::kIcmp, kRedFirstPort);
  reply.bytes.at(kTransportOffset) = 0;
  put_be16(reply.bytes, kTransportOffset + 2, 0);
  finish_checksum(reply.bytes, kTransportOffset, 2, reply.bytes.size());
  expect_passes(reply);
  EXPECT_TRUE(rig_.tables().nat_slots.keys().empty());
}

}  // namespace
}  // namespace xvnet::test
