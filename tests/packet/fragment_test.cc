// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/fragment.h: fragmented datagrams pass the NAT in any order. The tests reassemble the
// translated fragments and check the whole datagram. nat_fixture.h describes the hosts and
// addresses.
#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <numeric>

#include "link.h"
#include "nat_fixture.h"

namespace xvnet::test {
namespace {

constexpr size_t kPiece = 24;  // bytes behind the IPv4 header: a TCP header and 4 bytes
constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kId = 4711;

size_t offset_of(const Bytes& frame) {
  return size_t{8} * (get_be16(frame, kIpOffset + 6) & 0x1fff);
}
uint16_t id_of(const Bytes& frame) { return get_be16(frame, kIpOffset + 4); }

Bytes with_header(Bytes frame, uint16_t id, uint16_t flags_and_offset) {
  put_be16(frame, kIpOffset + 2, static_cast<uint16_t>(frame.size() - kIpOffset));
  put_be16(frame, kIpOffset + 4, id);
  put_be16(frame, kIpOffset + 6, flags_and_offset);
  put_be16(frame, kIpOffset + 10, 0);
  finish_checksum(frame, kIpOffset, 10, kTransportOffset);
  return frame;
}

Frames split(const Frame& whole, uint16_t id = kId) {
  Frames pieces;
  const auto at = [&](size_t offset) {
    return whole.bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  };
  for (size_t from = kTransportOffset; from < whole.bytes.size(); from += kPiece) {
    const size_t to = std::min(from + kPiece, whole.bytes.size());
    Bytes piece(at(0), at(kTransportOffset));
    piece.insert(piece.end(), at(from), at(to));
    const auto offset = static_cast<uint16_t>((from - kTransportOffset) / 8);
    const bool is_last = to == whole.bytes.size();
    pieces.push_back(
        with_header(std::move(piece), id, offset | (is_last ? uint16_t{0} : kMoreFragments)));
  }
  return pieces;
}

// Reassembles the datagram as its receiver does: by offset, from fragments with one identification.
Bytes join(Frames pieces) {
  std::ranges::sort(pieces, {}, offset_of);
  Bytes whole = pieces.at(0);
  for (const Bytes& piece : pieces) {
    EXPECT_EQ(with_header(piece, id_of(piece), get_be16(piece, kIpOffset + 6)), piece);
    EXPECT_EQ(id_of(piece), id_of(whole));
    if (&piece == &pieces.front()) continue;
    EXPECT_EQ(kTransportOffset + offset_of(piece), whole.size());
    EXPECT_EQ(Bytes(piece.begin(), piece.begin() + kIpOffset),
              Bytes(whole.begin(), whole.begin() + kIpOffset));
    whole.insert(whole.end(), piece.begin() + kTransportOffset, piece.end());
  }
  whole = with_header(whole, id_of(whole), 0);
  EXPECT_EQ(checksum_problems(whole), "");
  return whole;
}

class Fragment : public NatFixture {
 protected:
  static Frame frame_of(const Bytes& bytes) {
    Frame frame;
    frame.bytes = bytes;
    return frame;
  }
  // The fragments that left, in the order in which they were sent.
  Frames sent(const Frames& pieces, const std::string& port = "a") {
    Frames out;
    for (const Bytes& piece : pieces) {
      const Outcome outcome = from_vm(port, frame_of(piece));
      if (outcome.verdict == Verdict::kRedirect && outcome.counted.contains("up to carried"))
        out.push_back(outcome.bytes);
    }
    return out;
  }
  // The fragments that reached a VM, either by redirect or as the copy of a held fragment.
  Frames got(const Frames& pieces, const std::string& port = "a") {
    copies_at(port);
    Frames all;
    for (const Bytes& piece : pieces) {
      const Outcome outcome = from_uplink(frame_of(piece));
      if (outcome.verdict == Verdict::kRedirect && outcome.counted.contains(port + " to carried"))
        all.push_back(outcome.bytes);
      for (const Bytes& copy : copies_at(port)) all.push_back(copy);
    }
    return all;
  }
  // Splits an answer into three fragments of equal length, because byte counters are checked as a
  // multiple of one length.
  Frames split_answer(Protocol protocol, uint16_t id = kId) {
    Frame whole = in(protocol, leaves(out(protocol)).value_or(0));
    if (protocol == Protocol::kTcp) {
      whole.bytes.resize(kTransportOffset + 3 * kPiece);
      whole.bytes = with_header(whole.bytes, id, 0);
      whole = with_tcp_flags(whole, tcp::kAck);
    }
    return split(whole, id);
  }
  void expect_arrived(const Frames& pieces, Protocol protocol) {
    ASSERT_FALSE(pieces.empty());
    const Endpoints ends = endpoints_of(join(pieces));
    EXPECT_EQ(ends.dst_ip, "10.0.0.1");
    EXPECT_EQ(ends.dst_mac, test::mac_of("a"));
    EXPECT_EQ(ends.dst_port, endpoints_of(out(protocol).bytes).src_port);
    EXPECT_EQ(ends.ttl, 63);
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Fragment, tc_alone(), hook_name);

TEST_P(Fragment, OutboundInAnyOrderAreTranslated) {
  for (const Protocol protocol : kAllProtocols) {
    Frames pieces = split(out(protocol));
    ASSERT_GE(pieces.size(), 3U);
    do {
      const Frames left = sent(pieces);
      ASSERT_EQ(left.size(), pieces.size());
      const Endpoints ends = endpoints_of(join(left));
      EXPECT_EQ(ends.src_ip, kPublicIp);
      EXPECT_EQ(ends.src_port, leaves(out(protocol)));
    } while (std::ranges::next_permutation(pieces).found);
  }
}

TEST_P(Fragment, InboundInAnyOrderAreTranslated) {
  uint16_t id = kId;
  for (const Protocol protocol : kAllProtocols) {
    Frames pieces = split_answer(protocol);
    std::ranges::sort(pieces, {}, offset_of);
    std::vector<size_t> order(pieces.size());
    std::iota(order.begin(), order.end(), 0);
    do {
      SCOPED_TRACE(testing::PrintToString(order));
      Frames shuffled;
      const Frames fresh = split_answer(protocol, ++id);
      for (const size_t at : order) shuffled.push_back(fresh.at(at));
      const Frames arrived = got(shuffled);
      ASSERT_EQ(arrived.size(), pieces.size());
      expect_arrived(arrived, protocol);
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST_P(Fragment, EarlyIsHeldAndCounted) {
  const Frames pieces = split_answer(Protocol::kUdp);
  const Frame last = frame_of(pieces.back());
  EXPECT_EQ(from_uplink(last), dropped(last, "up from", "FRAGMENT_EARLY"));
}

// A fragment is dropped when its first fragment was filtered, or when it belongs to another
// datagram.
TEST_P(Fragment, OfAFilteredFirstFragmentIsDropped) {
  const uint16_t port = leaves(out(Protocol::kUdp)).value_or(0);
  const Frames stranger = split(in(Protocol::kUdp, port, kOtherPeerIp));
  EXPECT_TRUE(got(stranger).empty());
  EXPECT_TRUE(got({stranger.rbegin(), stranger.rend()}).empty());
  const Frames known = split(in(Protocol::kUdp, port));
  EXPECT_EQ(got({known.front()}).size(), 1U);
  EXPECT_TRUE(got({split(in(Protocol::kUdp, port), kId + 1).back()}).empty()) << "identification";
  EXPECT_TRUE(got({stranger.back()}).empty()) << "source";
  Frame icmp = frame_of(known.back());
  icmp.bytes.at(kIpOffset + 9) = IPPROTO_ICMP;
  EXPECT_TRUE(got({with_header(icmp.bytes, kId, get_be16(icmp.bytes, kIpOffset + 6))}).empty())
      << "protocol";
}

// The receiver may reassemble overlapping fragments as it likes. But they must reach no other VM,
// and a second first fragment must not open another path.
TEST_P(Fragment, OverlappingReachesNoOtherVm) {
  const Frames pieces = split_answer(Protocol::kUdp);
  ASSERT_EQ(got({pieces.front()}).size(), 1U);
  Bytes start = pieces.front();
  put_be16(start, kTransportOffset + 2, kRedFirstPort + 3 * kPublicPorts);
  EXPECT_EQ(from_uplink(frame_of(start)), dropped(frame_of(start), "up from", "NAT_NO_MAPPING"));
  const Bytes& middle = pieces.at(1);
  const auto earlier = static_cast<uint16_t>(get_be16(middle, kIpOffset + 6) - 1);
  const Frames arrived = got({with_header(middle, kId, earlier), middle, pieces.back()});
  ASSERT_EQ(arrived.size(), 3U);
  for (const Bytes& piece : arrived) EXPECT_EQ(mac_text(piece, 0), test::mac_of("a"));
}

// A remote sends two first fragments with the same identification to the ports of two VMs. All
// later fragments must go to the VM of the first one.
TEST_P(Fragment, SecondFirstFragmentDoesNotRedirectTheRest) {
  set_flags(kBlue, abi::NAT_ANY_REMOTE);
  const uint16_t ours = leaves(out(Protocol::kUdp)).value_or(0);
  const uint16_t theirs = leaves(out(Protocol::kUdp, "d"), "d").value_or(0);
  const Frames first = split(in(Protocol::kUdp, ours));
  const Frames second = split(in(Protocol::kUdp, theirs));
  ASSERT_EQ(got({first.front()}).size(), 1U);
  EXPECT_EQ(got({second.front()}, "d").size(), 1U);
  for (size_t at = 1; at < first.size(); ++at) {
    EXPECT_TRUE(got({second.at(at)}, "d").empty());
    EXPECT_EQ(got({first.at(at)}).size(), 1U);
  }
  // A different identification means a different datagram.
  const Frames other = split(in(Protocol::kUdp, theirs), kId + 1);
  EXPECT_EQ(got(other, "d").size(), other.size());
}

// Each segment of a TSO frame gets the next identification.
TEST_P(Fragment, IdentificationOfTsoSegmentsIsTheNetworks) {
  for (const uint16_t id : {0, 1, 4711, 63, 65535}) {
    for (const uint32_t size : {8U, 16U, 40U}) {
      const Frame frame = frame_of(with_header(out(Protocol::kTcp).bytes, id, 0));
      const Outcome outcome = from_vm("a", frame, {.gso_size = size});
      ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
      const size_t segments = (frame.bytes.size() + size - 1) / size;
      EXPECT_GE(id_of(outcome.bytes), kRedFirstPort);
      EXPECT_LE(id_of(outcome.bytes) + segments, size_t{kRedFirstPort} + kPublicPorts);
    }
  }
  Frame longer = out(Protocol::kTcp);
  longer.bytes.resize(kTransportOffset + 20 + 2 * kPublicPorts);
  const Frame frame = frame_of(with_header(longer.bytes, kId, 0));
  EXPECT_EQ(from_vm("a", frame, {.gso_size = 1}).counted.at("a from NOT_TRANSLATABLE"), 1U);
}

// UFO clears DF, so the fragments need a unique identification too.
TEST_P(Fragment, IdentificationOfUfoFragmentsIsTheNetworks) {
  const Frame frame = frame_of(with_header(out(Protocol::kUdp).bytes, kId, kDontFragment));
  const Outcome outcome = from_vm("a", frame, {.gso_size = 16});
  ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
  EXPECT_NE(id_of(outcome.bytes), kId);
}

TEST_P(Fragment, WithoutWholePortsIsDropped) {
  const Frame whole = out(Protocol::kTcp);
  Bytes tiny(whole.bytes.begin(), whole.bytes.begin() + kTransportOffset + 8);
  const Frame frame = frame_of(with_header(std::move(tiny), kId, kMoreFragments));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_TRANSLATABLE"));
}

TEST_P(Fragment, OfAnUnknownProtocolIsDropped) {
  Bytes gre = split(out(Protocol::kUdp)).back();
  gre.at(kIpOffset + 9) = IPPROTO_GRE;
  const Frame frame = frame_of(with_header(gre, kId, 5));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_TRANSLATABLE"));
}

TEST_P(Fragment, WithASpoofedSourceIsDropped) {
  const Frames pieces = split(out(Protocol::kUdp, "a", "10.0.0.2"));
  for (const Bytes& piece : pieces) {
    const Frame frame = frame_of(piece);
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "SOURCE_SPOOFED"));
  }
}

// Two tenants share a public address. Their VMs have the same inside address and choose the same
// identification.
TEST_P(Fragment, OfTwoTenantsWithEqualIdsIsKeptApart) {
  std::set<uint16_t> red, blue;
  for (const uint16_t id : {0, 1, 4711, 65535}) {
    for (const Bytes& piece : sent(split(out(Protocol::kUdp), id))) red.insert(id_of(piece));
    for (const Bytes& piece : sent(split(out(Protocol::kUdp, "d"), id), "d"))
      blue.insert(id_of(piece));
  }
  ASSERT_FALSE(red.empty() || blue.empty());
  for (const uint16_t id : red) EXPECT_FALSE(blue.contains(id)) << id;
}

TEST_P(Fragment, DontFragmentKeepsTheIdentification) {
  for (const uint16_t flags : {kDontFragment, uint16_t{0}}) {
    const Frame frame = frame_of(with_header(out(Protocol::kUdp).bytes, kId, flags));
    const Outcome outcome = from_vm("a", frame);
    ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(checksum_problems(outcome.bytes), "");
    EXPECT_EQ(id_of(outcome.bytes) == kId, flags == kDontFragment);
  }
}

// The number of datagrams in fragments is limited per network, so a network can exhaust only its
// own limit.
TEST_P(Fragment, IncompleteDatagramsUseOnlyTheirNetworksLimit) {
  set_flags(kBlue, abi::NAT_ANY_REMOTE);
  const uint16_t port = leaves(out(Protocol::kUdp)).value_or(0);
  const uint16_t theirs = leaves(out(Protocol::kUdp, "d"), "d").value_or(0);
  const Frames ours = split(in(Protocol::kUdp, port));
  EXPECT_EQ(got({ours.front()}).size(), 1U);
  for (uint16_t id = 0; id < 3 * NAT_RING_SIZE; ++id)
    from_uplink(frame_of(split(in(Protocol::kUdp, theirs), id).front()));
  EXPECT_EQ(rig_.tables().nat_fragments.keys().size(), 1U + NAT_RING_SIZE);
  EXPECT_EQ(got({ours.back()}).size(), 1U);
}

// The memory for fragments that arrive before their first fragment is limited too.
TEST_P(Fragment, FloodOfEarlyOnesIsLimited) {
  const Frame last = frame_of(split_answer(Protocol::kUdp).back());
  for (int sent = 0; sent < NAT_HELD_BUCKET; ++sent)
    EXPECT_EQ(from_uplink(last), dropped(last, "up from", "FRAGMENT_EARLY"));
  EXPECT_EQ(from_uplink(last), dropped(last, "up from", "NOT_TRANSLATABLE"));
}

// On a shared address, a fragment without a known first fragment may belong to the host.
TEST_P(Fragment, UnknownOnAHostAddressIsPassedToTheHost) {
  set_flags(kRed, 0, abi::NAT_ADDRESS_OF_HOST);
  const Frames pieces = split_answer(Protocol::kUdp);
  const Frame last = frame_of(pieces.back());
  EXPECT_EQ(from_uplink(last), left(last));
  expect_arrived(got({pieces.begin(), pieces.end() - 1}), Protocol::kUdp);
}

}  // namespace
}  // namespace xvnet::test
