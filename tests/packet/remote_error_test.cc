// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/remote_error.h: the ICMP errors that a remote gets for a frame that does not reach the
// VM. Only tc sends them. nat_fixture.h describes the hosts and addresses.
#include <linux/if_ether.h>

#include <algorithm>

#include "link.h"
#include "nat_fixture.h"

namespace xvnet::test {
namespace {

constexpr size_t kQuoted = 28;
constexpr size_t kTooBig = 3000;  // bytes of payload, too many for a's MTU of 1500
constexpr uint64_t kOneSecond = 1'000'000'000;

class IcmpErrorToRemote : public NatFixture {
 protected:
  IcmpErrorToRemote() : port_(leaves(out(Protocol::kUdp)).value_or(0)) {}

  Ends from_peer(const std::string& to = kPublicIp) const {
    Ends ends = Ends::between(test::mac_of("wire"), uplink_mac());
    ends.src_ip = kPeerIp;
    ends.dst_ip = to;
    ends.src_port = kPeerPort;
    ends.dst_port = port_;
    return ends;
  }
  // The sender gets an ICMP error about its frame, from the address it sent the frame to.
  void expect_icmp_error(const Frame& frame, const std::string& reason, int type, int code,
                         const std::string& by = kPublicIp) {
    const Outcome outcome = from_uplink(frame);
    EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(outcome.counted, (Counts{{"up from " + reason, 1}, {"up to carried", 1}}));
    ASSERT_EQ(outcome.bytes.size(), kQuote + kQuoted);
    EXPECT_EQ(checksum_problems(outcome.bytes), "");
    EXPECT_EQ(outcome.bytes.at(kTransportOffset), type);
    EXPECT_EQ(outcome.bytes.at(kTransportOffset + 1), code);
    const Endpoints sent_error = endpoints_of(outcome.bytes);
    EXPECT_EQ(sent_error.src_ip, by);
    EXPECT_EQ(sent_error.dst_ip, kPeerIp);
    EXPECT_EQ(sent_error.src_mac, uplink_mac());
    EXPECT_EQ(sent_error.dst_mac, test::mac_of("wire"));
    EXPECT_EQ(Bytes(outcome.bytes.begin() + kQuote, outcome.bytes.end()),
              Bytes(frame.bytes.begin() + kIpOffset, frame.bytes.begin() + kIpOffset + kQuoted));
  }

  const uint16_t port_;  // the public port of a
};
INSTANTIATE_TEST_SUITE_P(Hooks, IcmpErrorToRemote, tc_alone(), hook_name);

TEST_P(IcmpErrorToRemote, TtlExceeded) {
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t port = leaves(out(protocol)).value_or(0);
    expect_icmp_error(with_ttl(in(protocol, port), 1), "TTL_EXCEEDED", 11, 0);
  }
}

TEST_P(IcmpErrorToRemote, FragmentationNeeded) {
  const Frame frame = udp4(from_peer(), kTooBig);
  expect_icmp_error(frame, "FRAGMENTATION_NEEDED", 3, 4);
  EXPECT_EQ(get_be16(from_uplink(frame).bytes, kTransportOffset + 6), 1500);
}

TEST_P(IcmpErrorToRemote, ComesFromTheGatewayForAnInsideAddress) {
  rig_.set_snat_exception(kRed, "192.0.2.0", "10.0.0.0", 29);
  rig_.set_address(kRed, "10.0.0.1", "a", test::mac_of("a"));
  expect_icmp_error(udp4(from_peer("10.0.0.1"), kTooBig), "FRAGMENTATION_NEEDED", 3, 4,
                    "10.0.0.254");
  expect_icmp_error(with_ttl(udp4(from_peer("10.0.0.1")), 1), "TTL_EXCEEDED", 11, 0, "10.0.0.254");
}

// RFC 1122, 3.2.2.
TEST_P(IcmpErrorToRemote, IsNotSentForErrorsFragmentsAndMulticast) {
  const Outcome sent = from_vm("a", out(Protocol::kUdp));
  Frame error = icmp_error(kPeerIp, kPublicIp, 3, 1, sent.bytes);
  std::ranges::copy(parse_mac(uplink_mac()), error.bytes.begin());
  error = with_ttl(error, 1);
  EXPECT_EQ(from_uplink(error), dropped(error, "up from", "TTL_EXCEEDED"));

  set_flags(kRed, abi::NAT_ANY_REMOTE);
  Ends group = from_peer();
  group.src_ip = "224.0.0.9";
  const Frame of_group = with_ttl(udp4(group), 1);
  EXPECT_EQ(from_uplink(of_group), dropped(of_group, "up from", "UNROUTABLE_SOURCE"));

  Frame first = udp4(from_peer(), 64);
  first.bytes.at(kIpOffset + 6) = 0x20;  // more fragments
  first = with_ttl(first, 64);
  EXPECT_EQ(from_uplink(first).verdict, Verdict::kRedirect);
  Frame later = udp4(from_peer(), 64);
  later.bytes.at(kIpOffset + 7) = 9;
  later = with_ttl(later, 1);
  std::copy_n(first.bytes.begin() + kIpOffset + 4, 2, later.bytes.begin() + kIpOffset + 4);
  later = with_ttl(later, 1);
  EXPECT_EQ(from_uplink(later), dropped(later, "up from", "TTL_EXCEEDED"));
}

TEST_P(IcmpErrorToRemote, IsLimitedToAHundredASecond) {
  abi::nat_network rules = rig_.tables().nat_networks.find(kRed).value();
  rules.told_until_ns = monotonic_ns() + kOneSecond;
  rig_.tables().nat_networks.put(kRed, rules);
  const Frame frame = with_ttl(in(Protocol::kUdp, port_), 1);
  EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "TTL_EXCEEDED"));
  rules.told_until_ns = 0;
  rig_.tables().nat_networks.put(kRed, rules);
  expect_icmp_error(frame, "TTL_EXCEEDED", 11, 0);
  EXPECT_GT(rig_.tables().nat_networks.find(kRed).value().told_until_ns, 0u);
}

// When a VM sends to another VM's public port, the error goes to the sending VM and comes from its
// own gateway.
TEST_P(IcmpErrorToRemote, FragmentationNeededBetweenVms) {
  set_flags(kBlue, abi::NAT_ANY_REMOTE);
  rig_.set_gateway(kBlue, "10.0.0.253");
  const uint16_t of_d = leaves(out(Protocol::kUdp, "d"), "d").value_or(0);
  Ends ends = Ends::between(test::mac_of("c"), kGatewayMacText);
  ends.src_ip = "10.0.0.3";
  ends.dst_ip = kPublicIp;
  ends.dst_port = of_d;
  const Outcome outcome = from_vm("c", udp4(ends, kTooBig));
  EXPECT_EQ(outcome.counted, (Counts{{"c from FRAGMENTATION_NEEDED", 1}, {"c to carried", 1}}));
  EXPECT_EQ(checksum_problems(outcome.bytes), "");
  EXPECT_EQ(endpoints_of(outcome.bytes).src_ip, "10.0.0.254");
  EXPECT_EQ(get_be16(outcome.bytes, kTransportOffset + 6), 1500);
}

}  // namespace
}  // namespace xvnet::test
