// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/offload_filter.h: the virtio-net header of a frame must be true of that frame. The
// kernel completes a checksum after all programs have run. So whatever a VM writes into the header,
// only the frame's own checksum field may differ between the frame that was checked and the frame
// that is sent.
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "live_fixture.h"

namespace xvnet::test {
namespace {

constexpr size_t kIp = ETH_HLEN;
constexpr size_t kTransport = kIp + 20;
constexpr size_t kFirstStart = 20;  // the smallest csum_start that the kernel accepts

Frame claiming(Frame frame, size_t start, size_t offset, Gso gso = Gso::kNone, uint16_t size = 0) {
  frame.vnet = {.flags = kNeedsChecksum,
                .gso_type = gso,
                .gso_size = size,
                .csum_start = static_cast<uint16_t>(start),
                .csum_offset = static_cast<uint16_t>(offset)};
  return frame;
}

Frame as_fragment(Frame frame, uint16_t flags_and_offset) {
  put_be16(frame.bytes, kIp + 6, flags_and_offset);
  put_be16(frame.bytes, kIp + 10, 0);
  finish_checksum(frame.bytes, kIp, 10, kTransport);
  return frame;
}

class VnetHeaderCheck : public Live {
 protected:
  VnetHeaderCheck() { attach_all(); }
  static Ends to_b() { return between("a", "b"); }
  static Ends to_wire() { return between("a", "wire"); }

  // All frames that came out, or none if the kernel refused the frame. Under XDP, frames at "host"
  // are left to tc and not checked yet.
  Frames came_out(const Frame& frame) {
    if (rig_.tap("a").try_send(frame) != 0) return {};
    Frames all;
    for (const char* place : {"b", "c", "up", "host"}) {
      if (on_xdp() && place == std::string("host")) continue;
      for (const Bytes& bytes : seen(place, frame)) all.push_back(bytes);
    }
    return all;
  }
  void expect_refused(const Frame& frame, const std::string& reason) {
    const int error = rig_.tap("a").try_send(frame);
    if (error == EINVAL && frame.vnet.gso_type == Gso::kUdpL4) return;  // before Linux 6.2
    ASSERT_EQ(error, 0);
    EXPECT_EQ(places(frame), Places{});
    EXPECT_EQ(counted()["a from " + reason], ++refused_[reason]);
  }

 private:
  std::map<std::string, uint64_t> refused_;
};
INSTANTIATE_TEST_SUITE_P(Hooks, VnetHeaderCheck, both_hooks(), hook_name);

class VnetHeaderCheckXdp : public VnetHeaderCheck {
 protected:
  // Sets the flags that the loader sets for a TAP.
  VnetHeaderCheckXdp() {
    for (const std::string& port : Rig::ports()) {
      abi::interface value = rig_.tables().interfaces.find(rig_.ifindex(port)).value();
      value.flags |= abi::INTERFACE_XDP_ON_SK_BUFFS | abi::INTERFACE_CHECKSUMS_COMPLETE;
      rig_.set_interface(port, value);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, VnetHeaderCheckXdp, xdp_alone(), hook_name);

// With a segmentation offload, the TAP's driver runs XDP on an sk_buff. A redirect keeps the vnet
// header's values in that sk_buff. The operator promised that the guest completes every checksum,
// but a guest can break that promise.
TEST_P(VnetHeaderCheckXdp, FrameInAnSkBuffIsPassedToTc) {
  for (const Ends& ends : {to_b(), to_wire()}) {
    for (const Frame& frame : {tcp4(ends), udp4(ends), arp_request(ends)}) {
      const Frame lying = claiming(frame, kTransport, 16, Gso::kTcp4, 1400);
      if (rig_.tap("a").try_send(lying) != 0) continue;
      EXPECT_EQ(places(lying), Places{"host"});
    }
  }
  EXPECT_EQ(counted(), Counts{});
}

TEST_P(VnetHeaderCheckXdp, FrameInADriverBufferIsForwarded) {
  for (const Frame& frame : {tcp4(to_b()), udp4(to_b()), arp_request(to_b())}) {
    send("a", frame);
    EXPECT_EQ(seen("b", frame), Frames{frame.bytes});
  }
}

class VnetHeaderCheckTc : public VnetHeaderCheck {};
INSTANTIATE_TEST_SUITE_P(Hooks, VnetHeaderCheckTc, tc_alone(), hook_name);

// The offsets of differing bytes, counted without a tag that the network pushed.
std::set<size_t> differences(Bytes was, const Bytes& is) {
  std::set<size_t> places;
  if (is.size() == was.size() + 4)  // the network's tag on the wire
    was.insert(was.begin() + 12, is.begin() + 12, is.begin() + 16);
  EXPECT_EQ(is.size(), was.size());
  for (size_t i = 0; i < std::min(was.size(), is.size()); ++i)
    if (was[i] != is[i]) places.insert(i - (is.size() > i && is[12] == 0x81 ? 4 : 0));
  return places;
}

TEST_P(VnetHeaderCheck, ChangesNothingButTheFramesOwnChecksum) {
  struct Case {
    Frame frame;
    size_t own;  // offset of the frame's own checksum; a tunnel's payload follows it
  };
  for (const Ends& ends : {to_b(), to_wire()}) {
    const Case cases[] = {{tcp4(ends), kTransport + 16},
                          {udp4(ends), kTransport + 6},
                          {icmp4_echo(ends), kTransport + 2},
                          {tcp6(ends), kIp + 40 + 16},
                          {arp_request(ends), 0}};
    for (const auto& [frame, own] : cases) {
      for (const size_t start : {kFirstStart, size_t{26}, size_t{28}, size_t{34}, size_t{38}}) {
        for (size_t offset = 0; offset < 34; offset += 2) {
          for (const Bytes& bytes : came_out(claiming(frame, start, offset))) {
            for (const size_t at : differences(frame.bytes, bytes)) {
              const bool is_payload_of_udp = own == kTransport + 6 && at >= kTransport + 8;
              EXPECT_TRUE((own != 0 && (at == own || at == own + 1)) || is_payload_of_udp)
                  << "byte " << at << ", from " << start << ", field " << offset;
            }
          }
        }
      }
    }
  }
}

TEST_P(VnetHeaderCheckTc, WrongChecksumOffsetIsDropped) {
  expect_refused(claiming(tcp4(to_b()), kFirstStart, 8), "FALSE_CHECKSUM");
  expect_refused(claiming(tcp4(to_b()), kTransport, 6), "FALSE_CHECKSUM");
  expect_refused(claiming(tcp4(to_b()), kTransport + 20, 0), "FALSE_CHECKSUM");
  expect_refused(claiming(udp4(to_b()), kTransport, 2), "FALSE_CHECKSUM");
  expect_refused(claiming(udp4(to_b()), kTransport + 2, 4), "FALSE_CHECKSUM");
  expect_refused(claiming(udp6(to_b()), kIp + 40, 0), "FALSE_CHECKSUM");
  expect_refused(claiming(icmp4_echo(to_b()), kTransport, 4), "FALSE_CHECKSUM");
  expect_refused(claiming(arp_request(to_b()), kFirstStart, 8), "FALSE_CHECKSUM");
  expect_refused(claiming(tcp6_behind_extensions(to_b()), kIp + 40, 2), "FALSE_CHECKSUM");
  expect_refused(claiming(udp4_fragment(to_b(), FragmentPart::kLast), kTransport, 6),
                 "FALSE_CHECKSUM");
}

TEST_P(VnetHeaderCheckTc, OwnPartialChecksumIsCompleted) {
  const Ends inside = Ends::between("02:00:00:00:00:11", "02:00:00:00:00:12");
  for (const Frame& frame :
       {leave_partial(tcp4(to_b())), leave_partial(udp4(to_b())), leave_partial(tcp6(to_b())),
        leave_partial(udp6(to_b())), leave_partial(tcp6_behind_extensions(to_b())),
        leave_partial(vxlan(to_b(), tcp4(inside), OuterChecksum::kZero), Transport::kInnerOfVxlan),
        leave_partial(vxlan(to_b(), udp6(inside), OuterChecksum::kComplete),
                      Transport::kInnerOfVxlan)}) {
    send("a", frame);
    EXPECT_EQ(seen("b", frame), Frames{frame.finished().bytes});
  }
}

// If this host is itself a VM, its wire is virtual. Then the outer host may pass on the vnet
// headers of other VMs.
TEST_P(VnetHeaderCheckTc, FramesFromTheWireAreCheckedToo) {
  const Ends ends = between("wire", "a");
  const Frame arp = claiming(arp_request(ends).tagged(kRedVid), kIp + 4 + 8, 8);
  const Frame tcp = claiming(tcp4(ends).tagged(kRedVid), kTransport + 4, 6);
  const Frame cut =
      claiming(as_fragment(udp4(ends, 400), 1).tagged(kRedVid), kTransport + 4, 6, Gso::kUdp, 40);
  for (const Frame& frame : {arp, tcp, cut}) {
    ASSERT_EQ(rig_.tap("up").try_send(frame), 0);
    EXPECT_EQ(places(frame), Places{});
  }
  EXPECT_EQ(counted(), (Counts{{"up from FALSE_CHECKSUM", 2}, {"up from FALSE_SEGMENTS", 1}}));
  const Frame own = leave_partial(udp4(ends)).tagged(kRedVid);
  ASSERT_EQ(rig_.tap("up").try_send(own), 0);
  EXPECT_EQ(places(own), Places{"a"});
}

// IEEE 802.1Q: removing a priority tag moves the headers, and the offsets in the vnet header move
// with them.
TEST_P(VnetHeaderCheckTc, PriorityTagMovesTheChecksumOffset) {
  const Frame frame = leave_partial(tcp4(to_b()));
  send("a", frame.tagged({.vid = 0, .pcp = 3}));
  EXPECT_EQ(seen("b", frame), Frames{frame.finished().bytes});
  const Frame other = leave_partial(tcp4(to_b()));
  Frame unmoved = other.tagged({.vid = 0, .pcp = 3});
  unmoved.vnet = other.vnet;
  expect_refused(unmoved, "FALSE_CHECKSUM");
}

// When the kernel cuts a datagram into fragments, it overwrites the fragment offset that the
// datagram has.
TEST_P(VnetHeaderCheckTc, FragmentIsNotFragmentedAgain) {
  for (const uint16_t piece : {uint16_t{1}, uint16_t{0x2000}, uint16_t{0x2001}}) {
    const Frame udp = as_fragment(udp4(to_b(), 400), piece);
    expect_refused(claiming(udp, kTransport, 6, Gso::kUdp, 40), "FALSE_SEGMENTS");
    expect_refused(claiming(udp, kTransport, 6, Gso::kUdpL4, 40), "FALSE_SEGMENTS");
    const Frame tcp = as_fragment(tcp4(to_b(), 400), piece);
    expect_refused(claiming(tcp, kTransport, 16, Gso::kTcp4, 100), "FALSE_SEGMENTS");
  }
}

// The gateway writes its answer over the VM's frame, and must not keep the frame's partial
// checksum. Here the receiver completes such a checksum. The receivers of tests/net read the field
// as it is.
class VnetHeaderReply : public Live {
 protected:
  VnetHeaderReply() {
    constexpr uint32_t kRouter = 7;
    attach_all();
    rig_.set_gateway(kRed, "10.0.0.254");
    rig_.set_address(kRed, "10.0.0.1", "a", "");
    rig_.set_router(kRouter, kRed, "10.0.0.0", 24);
    rig_.set_gateway(kBlue, "10.1.0.254");
    rig_.set_address(kBlue, "10.1.0.1", "d", "");
    rig_.set_router(kRouter, kBlue, "10.1.0.0", 24);
  }
  static Ends beyond(const std::string& ip) {
    Ends ends = Ends::between(mac_of("a"), "02:78:76:6e:65:74");
    ends.src_ip = "10.0.0.1";
    ends.dst_ip = ip;
    return ends;
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, VnetHeaderReply, tc_alone(), hook_name);

TEST_P(VnetHeaderReply, IcmpErrorQuotesTheFrameUnmodified) {
  constexpr size_t kQuote = kTransport + 8;
  const Ends ends = beyond("192.0.2.9");
  for (const Frame& frame : {leave_partial(udp4(ends)), leave_partial(tcp4(ends)), tcp4(ends)}) {
    copies_at("a");
    send("a", frame);
    const Frames sent_error = copies_at("a");
    ASSERT_EQ(sent_error.size(), 1U);
    EXPECT_EQ(checksum_problems(sent_error.front()), "");
    const Bytes quoted(frame.bytes.begin() + kIp, frame.bytes.begin() + kTransport + 8);
    ASSERT_GE(sent_error.front().size(), kQuote + quoted.size());
    EXPECT_EQ(Bytes(sent_error.front().begin() + kQuote,
                    sent_error.front().begin() + kQuote + quoted.size()),
              quoted);
  }
}

TEST_P(VnetHeaderReply, ArpRequestHasTheRightTarget) {
  for (const Frame& frame :
       {leave_partial(udp4(beyond("10.1.0.1"))), leave_partial(tcp4(beyond("10.1.0.1")))}) {
    copies_at("d");
    send("a", frame);
    const Frames asked = copies_at("d");
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(get_be16(asked.front(), 12), ETH_P_ARP);
    EXPECT_EQ(Bytes(asked.front().begin() + kIp + 24, asked.front().begin() + kIp + 28),
              (Bytes{10, 1, 0, 1}));
  }
}

}  // namespace
}  // namespace xvnet::test
