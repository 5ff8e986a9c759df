// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/xdp_safe.h: XDP forwards a frame only when none of its checksums can be partial. tc
// forwards all frames.
//
// PASS_TO_TC has no counter. XDP passes the frame unmodified and counts nothing, which only_tc()
// states. tc never gives that reason.
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "pipeline_fixture.h"

namespace xvnet::test {
namespace {

constexpr size_t kIpHeader = ETH_HLEN;  // offset of the IP header in an untagged frame

class Offload : public Pipeline {
 protected:
  void expect_carried(const Frame& frame) {
    EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  }
  void expect_left_to_tc(const Frame& frame) {
    EXPECT_EQ(from_vm("a", frame), only_tc(frame, forwarded(frame, "a", "b")));
  }
  void set_flags(const std::string& name, uint16_t flags) {
    abi::interface value = rig_.tables().interfaces.find(rig_.ifindex(name)).value();
    value.flags = flags;
    rig_.set_interface(name, value);
  }
  static Ends ends() { return between("a", "b"); }
  // The frame with another value in its transport checksum.
  static Frame with_checksum(Frame frame, uint16_t value) {
    const Layers layers = parse_layers(frame.bytes);
    put_be16(frame.bytes, layers.l4 + checksum_offset(layers.protocol), value);
    return frame;
  }
  // The frame with a pseudo-header sum that lacks the length. Some senders leave such a sum for
  // segmentation offload.
  static Frame lengthless(const Frame& frame) {
    const Layers layers = parse_layers(frame.bytes);
    Layers empty = layers;
    empty.end = layers.l4;
    return with_checksum(frame, pseudo_header_sum(frame.bytes, empty));
  }
  static Frame with_protocol(Frame frame, uint8_t protocol) {
    frame.bytes[kIpHeader + (parse_layers(frame.bytes).ethertype == ETH_P_IP ? 9 : 6)] = protocol;
    return frame;
  }
  // The frame with an IPv4 header of 24 bytes.
  static Frame with_options(Frame frame) {
    const Bytes nops = {1, 1, 1, 0};
    frame.bytes.insert(frame.bytes.begin() + kIpHeader + 20, nops.begin(), nops.end());
    frame.bytes[kIpHeader] = 0x46;
    put_be16(frame.bytes, kIpHeader + 2,
             static_cast<uint16_t>(get_be16(frame.bytes, kIpHeader + 2) + nops.size()));
    return frame;
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Offload, both_hooks(), hook_name);

class OffloadXdp : public Offload {};
INSTANTIATE_TEST_SUITE_P(Hooks, OffloadXdp, xdp_alone(), hook_name);

TEST_P(Offload, XdpForwardsCompleteTcpAndIcmp) {
  for (const Frame& frame : {tcp4(ends()), tcp6(ends()), icmp4_echo(ends()), icmp6_echo(ends()),
                             neighbour_solicitation(ends()), tcp4(ends(), 9), tcp6(ends(), 9)}) {
    expect_carried(frame);
    EXPECT_EQ(from_vm("a", frame.tagged({.vid = 0, .pcp = 3})), forwarded(frame, "a", "b"));
  }
}

TEST_P(Offload, XdpPassesPartialTcpToTc) {
  for (const Frame& frame : {tcp4(ends()), tcp6(ends()), tcp4(ends(), 1400), tcp6(ends(), 9)}) {
    expect_left_to_tc(leave_partial(frame));
    const Frame priority = leave_partial(frame).tagged({.vid = 0, .pcp = 3});
    EXPECT_EQ(from_vm("a", priority), only_tc(priority, forwarded(leave_partial(frame), "a", "b")));
  }
}

TEST_P(Offload, XdpPassesPartialTcpWithoutLengthToTc) {
  for (const Frame& frame : {tcp4(ends()), tcp6(ends()), icmp6_echo(ends())})
    expect_left_to_tc(lengthless(frame));
}

TEST_P(Offload, XdpForwardsAChecksumNearThePartialOne) {
  for (const Frame& frame : {tcp4(ends()), tcp6(ends())}) {
    const Layers layers = parse_layers(frame.bytes);
    const uint16_t bare = pseudo_header_sum(frame.bytes, layers);
    for (const int delta : {-2, -1, 1, 2}) {
      expect_carried(with_checksum(frame, static_cast<uint16_t>(bare + delta)));
    }
    // The complement of the pseudo-header sum is the complete checksum of an empty packet.
    expect_carried(with_checksum(frame, static_cast<uint16_t>(~bare)));
  }
}

// In ones' complement, 0 and 0xffff are the same number, so a sum of 0xffff may be stored as
// either.
TEST_P(Offload, XdpRecognizesBothZerosOfAPartialChecksum) {
  for (Frame frame : {tcp4(ends()), tcp6(ends())}) {
    for (const bool counts_length : {true, false}) {
      Layers layers = parse_layers(frame.bytes);
      if (!counts_length) layers.end = layers.l4;
      const size_t last_word = layers.l4 - 2;  // last word of the destination address
      put_be16(frame.bytes, last_word, 0);
      const uint16_t others = pseudo_header_sum(frame.bytes, layers);
      put_be16(frame.bytes, last_word, static_cast<uint16_t>(~others));
      ASSERT_EQ(pseudo_header_sum(frame.bytes, layers), 0xffff);
      expect_left_to_tc(with_checksum(frame, 0));
      expect_left_to_tc(with_checksum(frame, 0xffff));
      expect_carried(with_checksum(frame, 1));
      expect_carried(with_checksum(frame, 0xfffe));
    }
  }
}

TEST_P(Offload, XdpForwardsAZeroThatIsNotAPartialChecksum) {
  expect_carried(with_checksum(tcp4(ends()), 0));
  expect_carried(with_checksum(tcp6(ends()), 0xffff));
}

TEST_P(Offload, XdpPassesIcmpWithoutAChecksumToTc) {
  expect_left_to_tc(with_checksum(icmp4_echo(ends()), 0));
  expect_left_to_tc(with_checksum(icmp4_echo(ends()), 0xffff));
  expect_left_to_tc(leave_partial(icmp6_echo(ends())));
  expect_left_to_tc(leave_partial(neighbour_solicitation(ends())));
}

TEST_P(Offload, XdpPassesUdpToTc) {
  for (const Frame& frame : {udp4(ends()), udp6(ends())}) {
    expect_left_to_tc(frame);
    expect_left_to_tc(leave_partial(frame));
    expect_left_to_tc(with_checksum(frame, 0));
  }
}

TEST_P(Offload, XdpPassesTunnelsToTc) {
  for (const OuterChecksum outer : {OuterChecksum::kZero, OuterChecksum::kComplete}) {
    const Frame tunnel = vxlan(ends(), tcp4(Ends()), outer);
    expect_left_to_tc(tunnel);
    expect_left_to_tc(leave_partial(tunnel, Transport::kInnerOfVxlan));
  }
  for (const int protocol : {IPPROTO_GRE, IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_ESP, IPPROTO_AH}) {
    expect_left_to_tc(with_protocol(tcp4(ends()), static_cast<uint8_t>(protocol)));
    expect_left_to_tc(with_protocol(tcp6(ends()), static_cast<uint8_t>(protocol)));
  }
}

TEST_P(Offload, XdpPassesOtherTransportsToTc) {
  for (const int protocol : {int{IPPROTO_SCTP}, int{IPPROTO_UDPLITE}, int{IPPROTO_IGMP}, 253}) {
    expect_left_to_tc(with_protocol(tcp4(ends()), static_cast<uint8_t>(protocol)));
    expect_left_to_tc(with_protocol(tcp6(ends()), static_cast<uint8_t>(protocol)));
  }
  expect_left_to_tc(with_protocol(icmp6_echo(ends()), IPPROTO_ICMP));
}

TEST_P(Offload, XdpPassesFragmentsToTc) {
  expect_left_to_tc(udp4_fragment(ends(), FragmentPart::kFirst));
  expect_left_to_tc(udp4_fragment(ends(), FragmentPart::kLast));
  for (const uint16_t fragment : {0x2000, 0x0001, 0x1fff, 0x2001}) {
    Frame frame = tcp4(ends());
    put_be16(frame.bytes, kIpHeader + 6, fragment);
    expect_left_to_tc(frame);
  }
  expect_left_to_tc(with_protocol(tcp6(ends()), IPPROTO_FRAGMENT));
}

TEST_P(Offload, DontFragmentIsNotAFragment) {
  Frame frame = tcp4(ends());
  put_be16(frame.bytes, kIpHeader + 6, 0x4000);
  expect_carried(frame);
}

TEST_P(Offload, XdpSkipsIpv4Options) {
  expect_carried(with_options(tcp4(ends())));
  expect_left_to_tc(with_options(leave_partial(tcp4(ends()))));
  expect_left_to_tc(with_options(lengthless(tcp4(ends()))));
}

TEST_P(Offload, XdpPassesExtensionHeadersToTc) {
  expect_left_to_tc(tcp6_behind_extensions(ends()));
  expect_left_to_tc(leave_partial(tcp6_behind_extensions(ends())));
}

TEST_P(Offload, XdpForwardsArp) {
  expect_carried(arp_request(ends()));
  EXPECT_EQ(from_vm("a", arp_request(ends()).tagged({.vid = 0})).verdict, Verdict::kRedirect);
}

TEST_P(Offload, XdpPassesOtherEthertypesToTc) {
  for (const int type :
       {int{kTestEthertype}, ETH_P_MPLS_UC, ETH_P_PPP_SES, ETH_P_LLDP, 0x9100, 0x0800 - 1, 46}) {
    expect_left_to_tc(of_ethertype(ends(), static_cast<uint16_t>(type)));
  }
}

TEST_P(Offload, XdpPassesMalformedPacketsToTc) {
  for (const uint8_t version_and_length : {0x40, 0x44}) {  // shorter than any header
    Frame frame = tcp4(ends());
    frame.bytes[kIpHeader] = version_and_length;
    expect_left_to_tc(frame);
  }
  for (const size_t cut : {1u, 60u, 70u}) {  // the frame is shorter than the packet's length
    for (Frame frame : {tcp4(ends()), tcp6(ends()), icmp4_echo(ends()), icmp6_echo(ends())}) {
      frame.bytes.resize(frame.bytes.size() - cut);
      expect_left_to_tc(frame);
    }
  }
  for (const uint16_t length :
       {uint16_t{0}, uint16_t{19}}) {  // the packet's length is shorter than its header
    Frame frame = tcp4(ends());
    put_be16(frame.bytes, kIpHeader + 2, length);
    expect_left_to_tc(frame);
  }
  Frame no_transport = tcp4(ends());
  put_be16(no_transport.bytes, kIpHeader + 2, 20);
  no_transport.bytes.resize(kIpHeader + 20 + 4);
  expect_left_to_tc(no_transport);
}

// A short frame is padded on the wire. The checksum covers the packet by its own length, not the
// padding.
TEST_P(Offload, PaddingIsNotChecksummed) {
  for (const Frame& frame : {tcp4(ends()), tcp6(ends())}) {
    Frame partial = leave_partial(frame);
    Frame complete = frame;
    partial.bytes.resize(partial.bytes.size() + 6);
    complete.bytes.resize(complete.bytes.size() + 6);
    expect_left_to_tc(partial);
    expect_carried(complete);
  }
}

TEST_P(Offload, ChecksumBehindTheUplinksTagIsChecked) {
  for (const Frame& frame : {tcp4(between("wire", "a")), tcp6(between("wire", "a"))}) {
    EXPECT_EQ(from_uplink(frame.tagged(kRedVid)), forwarded(frame, "up", "a"));
    const Frame partial = leave_partial(frame);
    const Frame tagged = partial.tagged(kRedVid);
    EXPECT_EQ(from_uplink(tagged), only_tc(tagged, forwarded(partial, "up", "a")));
  }
}

TEST_P(Offload, XdpForwardsEverythingFromAPortWithoutOffloads) {
  set_flags("a", abi::INTERFACE_CHECKSUMS_COMPLETE);
  for (const Frame& frame : {leave_partial(tcp4(ends())), lengthless(tcp6(ends())), udp4(ends()),
                             vxlan(ends(), tcp4(Ends()), {}), tcp6_behind_extensions(ends()),
                             of_ethertype(ends(), kTestEthertype)}) {
    expect_carried(frame);
  }
}

TEST_P(Offload, XdpForwardsEverythingFromAnUplinkWithoutOffloads) {
  set_flags("up", abi::INTERFACE_CHECKSUMS_COMPLETE);
  const Frame frame = udp4(between("wire", "a"));
  EXPECT_EQ(from_uplink(frame.tagged(kRedVid)), forwarded(frame, "up", "a"));
}

TEST_P(Offload, CompleteChecksumsOfTheTargetDoNotCount) {
  set_flags("b", abi::INTERFACE_XDP_TARGET | abi::INTERFACE_CHECKSUMS_COMPLETE);
  expect_left_to_tc(leave_partial(tcp4(ends())));
}

TEST_P(Offload, XdpPassesFramesForATargetWithoutXdpToTc) {
  set_flags("b", 0);
  set_flags("a", abi::INTERFACE_CHECKSUMS_COMPLETE | abi::INTERFACE_XDP_TARGET);
  expect_left_to_tc(tcp4(ends()));
  set_flags("up", abi::INTERFACE_CHECKSUMS_COMPLETE);
  const Frame to_wire = tcp4(between("a", "wire"));
  EXPECT_EQ(from_vm("a", to_wire), only_tc(to_wire, forwarded(to_wire, "a", "up")));
}

// c has an MTU of 9000 and no checksum in the frame is partial, so its two buffers are the only
// reason to leave it to tc. A tc test run accepts no frame this long. ParseLive sends one.
TEST_P(OffloadXdp, PassesAFrameInSeveralBuffersToTc) {
  set_flags("a", abi::INTERFACE_CHECKSUMS_COMPLETE);
  const Frame frame = tcp4(between("a", "c"), 6000);
  EXPECT_EQ(from_vm("a", frame), left(frame));
}

}  // namespace
}  // namespace xvnet::test
