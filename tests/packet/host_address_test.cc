// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/host_address.h: which frames reach the host's interface in a network. The host is at
// port b of red, with 10.0.0.2, that subnet's broadcast address, and 2001:db8::2.
#include <fmt/format.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <functional>

#include "nat_fixture.h"

namespace xvnet::test {
namespace {

constexpr size_t kIpv4 = ETH_HLEN;
constexpr size_t kIcmpType = kIpv4 + 20;
constexpr uint8_t kRedirect = 5;  // RFC 792

class HostAddress : public Pipeline {
 protected:
  HostAddress() {
    abi::interface host = rig_.tables().interfaces.find(rig_.ifindex("b")).value();
    host.flags |= abi::INTERFACE_TO_HOST;
    rig_.set_interface("b", host);
    for (const char* ip : {"10.0.0.2", "10.0.0.255", "2001:db8::2"})
      rig_.set_host_address(kRed, ip);
    rig_.set_beside_host(kRed, "2001:db8::", 64);
    rig_.set_learnt(kRed, "b", mac_of("b"), 0, monotonic_ns());
    rig_.set_members(kRed, {"a", "b"});
  }
  static Ends to(const std::string& ip) {
    Ends ends = between("a", "b");
    ends.dst_ip = ip;
    return ends;
  }
  static Ends to_ipv6(const std::string& ip) {
    Ends ends = between("a", "b");
    ends.dst_ip6 = ip;
    return ends;
  }
  // An ICMP error from a to the host that quotes a packet with these addresses.
  static Frame error_about(uint8_t type, const std::string& src_ip, const std::string& dst_ip) {
    Ends about;
    about.src_ip = src_ip;
    about.dst_ip = dst_ip;
    Frame frame = icmp_error("10.0.0.1", "10.0.0.2", type, 0, udp4(about).bytes);
    put_macs(frame.bytes);
    return frame;
  }
  static Frame error_about_ipv6(uint8_t type, const std::string& src_ip,
                                const std::string& dst_ip) {
    constexpr size_t kIpv6 = 40;
    constexpr size_t kIcmp = ETH_HLEN + kIpv6;
    Ends about;
    about.src_ip6 = src_ip;
    about.dst_ip6 = dst_ip;
    const Bytes quoted = udp6(about).bytes;
    Frame frame = icmp6_echo(to_ipv6("2001:db8::2"));
    frame.bytes[kIcmp] = type;
    std::copy_n(quoted.begin() + ETH_HLEN, kIpv6, frame.bytes.begin() + kIcmp + 8);
    return frame;
  }
  static void put_macs(Bytes& bytes) {
    const Bytes like = tcp4(to("10.0.0.2")).bytes;
    std::copy_n(like.begin(), 2 * ETH_ALEN, bytes.begin());
  }
  void expect_given(const Frame& frame) {
    EXPECT_EQ(from_vm("a", frame), only_tc(frame, forwarded(frame, "a", "b")));
  }
  void expect_refused(const Frame& frame) {
    EXPECT_EQ(from_vm("a", frame), only_tc(frame, dropped(frame, "a from", "NOT_HOST_ADDRESS")));
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, HostAddress, both_hooks(), hook_name);

TEST_P(HostAddress, FrameForItIsDelivered) {
  expect_given(tcp4(to("10.0.0.2")));
  expect_given(icmp4_echo(to("10.0.0.2")));
  expect_given(tcp6(to_ipv6("2001:db8::2")));
}

// Protocols like PPPoE and AoE have no destination address that could be checked.
TEST_P(HostAddress, OnlyArpAndIpAreDelivered) {
  for (const uint16_t ethertype : {uint16_t{kTestEthertype}, uint16_t{0x8863}, uint16_t{0x88cc}})
    expect_refused(of_ethertype(to("10.0.0.2"), ethertype));
}

TEST_P(HostAddress, BroadcastAndMulticastAreDelivered) {
  for (const char* ip : {"10.0.0.255", "255.255.255.255", "224.0.0.1", "239.255.255.255"})
    expect_given(udp4(to(ip)));
  for (const char* ip : {"ff02::1", "ff05::1:3"}) expect_given(udp6(to_ipv6(ip)));
}

TEST_P(HostAddress, LinkLocalAddressIsDelivered) {
  for (const char* ip : {"fe80::1", "febf::1"}) expect_given(tcp6(to_ipv6(ip)));
}

TEST_P(HostAddress, OtherAddressIsDropped) {
  for (const char* ip : {"10.0.0.3", "10.0.0.0", "192.0.2.1", "127.0.0.1", "0.0.0.0",
                         "223.255.255.255", "240.0.0.1"})
    expect_refused(tcp4(to(ip)));
  for (const char* ip : {"2001:db8::3", "::1", "::", "fec0::1", "fe7f::1", "::ffff:10.0.0.2"})
    expect_refused(tcp6(to_ipv6(ip)));
}

TEST_P(HostAddress, FragmentToAnotherAddressIsDropped) {
  for (const FragmentPart part : {FragmentPart::kFirst, FragmentPart::kLast}) {
    expect_given(udp4_fragment(to("10.0.0.2"), part));
    expect_refused(udp4_fragment(to("10.0.0.3"), part));
  }
}

TEST_P(HostAddress, AddressInAnotherNetworkIsDropped) {
  rig_.set_host_address(kBlue, "10.0.0.4");
  expect_refused(tcp4(to("10.0.0.4")));
}

// RFC 792: a redirect is refused, also with IP options and in a first fragment.
TEST_P(HostAddress, RedirectIsDropped) {
  Frame frame = icmp4_echo(to("10.0.0.2"));
  frame.bytes[kIcmpType] = kRedirect;
  expect_refused(frame);
  frame.bytes[kIpv4 + 6] = 0x20;
  expect_refused(frame);
  Frame with_options = icmp4_echo(to("10.0.0.2"));
  with_options.bytes[kIpv4] = 0x46;
  with_options.bytes[kIcmpType + 4] = kRedirect;
  expect_refused(with_options);
  with_options.bytes[kIcmpType + 4] = 0;
  expect_given(with_options);
}

// An error is accepted only if it quotes a packet that the host sent from its address here to the
// error's sender. Other errors would concern the host's other traffic.
TEST_P(HostAddress, IcmpErrorMustQuoteAPacketToItsSender) {
  for (const uint8_t type : {3, 4, 11, 12}) {
    expect_given(error_about(type, "10.0.0.2", "10.0.0.1"));
    expect_refused(error_about(type, "10.0.0.2", "192.0.2.9"));
    expect_refused(error_about(type, "192.0.2.1", "10.0.0.1"));
  }
  for (const uint8_t type : {1, 2, 3, 4, 127}) {
    expect_given(error_about_ipv6(type, "2001:db8::2", "2001:db8::1"));
    expect_refused(error_about_ipv6(type, "2001:db8::2", "2001:db8:1::9"));
    expect_refused(error_about_ipv6(type, "2001:db8:1::1", "2001:db8::1"));
  }
}

TEST_P(HostAddress, Ipv6SourceMustBeInTheNetwork) {
  for (const char* ip : {"2001:db8::77", "fe80::1", "::"}) {
    Ends ends = to_ipv6("2001:db8::2");
    ends.src_ip6 = ip;
    expect_given(udp6(ends));
  }
  for (const char* ip : {"2001:db8:1::9", "::1", "::ffff:10.0.0.1", "ff02::1"}) {
    Ends ends = to_ipv6("2001:db8::2");
    ends.src_ip6 = ip;
    expect_refused(udp6(ends));
  }
}

TEST_P(HostAddress, TruncatedFrameIsDropped) {
  Frame frame = icmp4_echo(to("10.0.0.2"));
  frame.bytes.resize(kIcmpType);
  expect_refused(frame);
}

// The kernel strips a tag with VID 0 and processes the frame behind it.
TEST_P(HostAddress, FrameBehindAPriorityTagIsDropped) {
  const Frame frame = tcp4(Ends::between(mac_of("wire"), mac_of("b"))).tagged(0);
  const Frame tagged = frame.tagged(kRedVid);
  EXPECT_EQ(from_uplink(tagged), only_tc(tagged, dropped(tagged, "up from", "NOT_HOST_ADDRESS")));
}

TEST_P(HostAddress, OtherAddressFromTheWireIsDropped) {
  Ends ends = Ends::between(mac_of("wire"), mac_of("b"));
  const Frame given = tcp4(ends);
  const Frame tagged = given.tagged(kRedVid);
  EXPECT_EQ(from_uplink(tagged), only_tc(tagged, forwarded(given, "up", "b")));
  ends.dst_ip = "192.0.2.1";
  const Frame refused = tcp4(ends).tagged(kRedVid);
  EXPECT_EQ(from_uplink(refused),
            only_tc(refused, dropped(refused, "up from", "NOT_HOST_ADDRESS")));
}

// By default, the kernel accepts unicast IP in a broadcast frame
// (net.ipv4.conf.*.drop_unicast_in_l2_multicast).
TEST_P(HostAddress, FloodedFrameIsFilteredAtTheHostsPort) {
  Ends ends = broadcast_of("a");
  ends.dst_ip = "192.0.2.1";
  const Frame frame = udp4(ends);
  EXPECT_EQ(from_vm("a", frame),
            only_tc(frame,
                    {Verdict::kRedirect,
                     frame.bytes,
                     {{"a from carried", 1}, {"b to NOT_HOST_ADDRESS", 1}, {"up to carried", 1}}}));
  EXPECT_TRUE(copies_at("b").empty());
}

TEST_P(HostAddress, OtherPortsAreNotFiltered) {
  rig_.set_learnt(kRed, "c", mac_of("c"), 0, monotonic_ns());
  Ends ends = between("a", "c");
  ends.dst_ip = "192.0.2.1";
  const Frame frame = tcp4(ends);
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "c"));
}

// bpf/switch/host_sender.h: a port may have 16 senders and its wire 128. Each address hashes to
// four places.
class HostSenders : public HostAddress {
 protected:
  HostSenders() { rig_.set_learner(kRed, "up", 8); }
  static Ends from(int sender) {
    Ends ends = to("10.0.0.2");
    ends.src_ip = "10.1." + std::to_string(sender / 250) + "." + std::to_string(sender % 250 + 1);
    ends.src_ip6 = "2001:db8::" + std::to_string(sender + 1) + ":1";
    ends.dst_ip6 = "2001:db8::2";
    return ends;
  }
  bool is_given(const Frame& frame) {
    const Outcome outcome = from_vm("a", frame);
    const bool is_refused = outcome.counted.contains("a from HOST_SENDERS_EXHAUSTED");
    EXPECT_EQ(outcome, is_refused ? dropped(frame, "a from", "HOST_SENDERS_EXHAUSTED")
                                  : forwarded(frame, "a", "b"));
    return !is_refused;
  }
  int given_of(int count, const std::function<Frame(int)>& frame) {
    int given = 0;
    for (int sender = 0; sender < count; ++sender) given += is_given(frame(sender));
    return given;
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, HostSenders, tc_alone(), hook_name);

constexpr int kMany = 400;

TEST_P(HostSenders, AreLimitedPerPort) {
  EXPECT_EQ(given_of(HOST_SENDERS_OF_PORT, [](int sender) { return udp4(from(sender)); }),
            HOST_SENDERS_OF_PORT)
      << "the port admits this many senders";
  EXPECT_EQ(given_of(kMany, [](int sender) { return udp4(from(sender)); }), HOST_SENDERS_OF_PORT);
  EXPECT_TRUE(is_given(tcp4(from(0)))) << "the first sender is still admitted";
  EXPECT_EQ(given_of(kMany, [](int sender) { return udp4(from(sender)); }), HOST_SENDERS_OF_PORT);
}

TEST_P(HostSenders, IncludeIpv6) {
  EXPECT_EQ(given_of(kMany, [](int sender) { return udp6(from(sender)); }), HOST_SENDERS_OF_PORT);
}

// The host adds a neighbour entry for a station that asks for the host's address, and for no other
// request.
TEST_P(HostSenders, IncludeArpRequestsForTheHost) {
  const auto ask = [](const std::string& target) {
    return [target](int sender) {
      Ends ends = from(sender);
      ends.dst_ip = target;
      return arp_request(ends);
    };
  };
  EXPECT_EQ(given_of(kMany, ask("10.0.0.3")), kMany);
  EXPECT_EQ(given_of(kMany, ask("10.0.0.2")), HOST_SENDERS_OF_PORT);
}

// The host also answers a ping or a router advertisement to a multicast group, and a broadcast
// datagram.
TEST_P(HostSenders, IncludeMulticastAndBroadcast) {
  for (const char* ip : {"255.255.255.255", "224.0.0.251"})
    EXPECT_EQ(given_of(kMany,
                       [&](int sender) {
                         Ends ends = from(sender);
                         ends.dst_ip = ip;
                         return udp4(ends);
                       }),
              HOST_SENDERS_OF_PORT);
}

TEST_P(HostSenders, IncludeIpv6Multicast) {
  for (const char* ip : {"ff02::1", "ff02::1:ff00:2"})
    EXPECT_EQ(given_of(kMany,
                       [&](int sender) {
                         Ends ends = from(sender);
                         ends.dst_ip6 = ip;
                         return icmp6_echo(ends);
                       }),
              HOST_SENDERS_OF_PORT);
}

// A station sends such a solicitation to detect a duplicate address.
TEST_P(HostSenders, WithoutAnAddressAreNotCounted) {
  EXPECT_EQ(given_of(kMany,
                     [](int) {
                       Ends ends = to_ipv6("ff02::1:ff00:2");
                       ends.src_ip6 = "::";
                       return neighbour_solicitation(ends);
                     }),
            kMany);
}

TEST_P(HostSenders, ExpireWhenIdle) {
  ASSERT_EQ(given_of(kMany, [](int sender) { return udp4(from(sender)); }), HOST_SENDERS_OF_PORT);
  const abi::learner_key key{kRed, rig_.ifindex("a")};
  auto learner = rig_.tables().learners.find(key).value();
  for (auto& sender : learner.senders) {
    if (!sender.seen_s) continue;
    ASSERT_GT(sender.seen_s, HOST_SENDER_SECONDS) << "the machine started too recently";
    sender.seen_s -= HOST_SENDER_SECONDS;
  }
  rig_.tables().learners.put(key, learner);
  EXPECT_EQ(given_of(kMany, [](int sender) { return tcp4(from(kMany + sender)); }),
            HOST_SENDERS_OF_PORT);
}

TEST_P(HostSenders, AreLimitedForEachPortSeparately) {
  ASSERT_EQ(given_of(kMany, [](int sender) { return udp4(from(sender)); }), HOST_SENDERS_OF_PORT);
  Ends ends = between("c", "b");
  ends.dst_ip = "10.0.0.2";
  const Frame frame = tcp4(ends);
  EXPECT_EQ(from_vm("c", frame), forwarded(frame, "c", "b"));
}

TEST_P(HostSenders, HaveAHigherLimitOnTheWire) {
  int given = 0;
  for (int sender = 0; sender < 4 * kMany; ++sender) {
    Ends ends = from(sender);
    ends.src_mac = mac_of("wire");
    const Outcome outcome = from_uplink(udp4(ends).tagged(kRedVid));
    given += !outcome.counted.contains("up from HOST_SENDERS_EXHAUSTED");
  }
  EXPECT_EQ(given, HOST_SENDERS);
}

}  // namespace
}  // namespace xvnet::test
