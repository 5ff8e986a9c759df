// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/emit.h: the tag with which a frame leaves.
//
// No test can cause PUSH_FAILED under tc, POP_FAILED under XDP, or REDIRECT_FAILED under either
// hook. every_reason_test.cc says why.
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include "live_fixture.h"

namespace xvnet::test {
namespace {

constexpr uint32_t kRoomForNoTag =
    XDP_PACKET_HEADROOM - 40;  // the kernel keeps struct xdp_frame there

class Emit : public Pipeline {
 protected:
  void let_xdp_carry_anything_of(const std::string& name) {
    abi::interface value = rig_.tables().interfaces.find(rig_.ifindex(name)).value();
    value.flags |= abi::INTERFACE_CHECKSUMS_COMPLETE;
    rig_.set_interface(name, value);
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Emit, both_hooks(), hook_name);

class EmitXdp : public Emit {};
INSTANTIATE_TEST_SUITE_P(Hooks, EmitXdp, xdp_alone(), hook_name);

// Checks frames as they leave a device, including a tag in metadata.
class TagLive : public Live {
 protected:
  void expect_out(const std::string& from, const Frame& sent, const std::string& to,
                  const Frame& out) {
    send(from, sent);
    EXPECT_EQ(places(sent), Places{to});
    EXPECT_EQ(seen(to, sent), Frames{out.bytes});
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, TagLive, both_hooks(), hook_name);

TEST_P(Emit, PushesTheNetworksVidTowardsTheUplink) {
  const Frame frame = tcp4(between("a", "wire"));
  EXPECT_EQ(from_vm("a", frame), forwarded(pushed(frame, kRedVid), "a", "up"));
  const Frame blue = tcp4(between("d", "wire"));
  EXPECT_EQ(from_vm("d", blue), forwarded(pushed(blue, kBlueVid), "d", "up"));
}

TEST_P(Emit, AnUntaggedNetworkGetsNoTag) {
  const Frame frame = tcp4(between("e", "wire"));
  EXPECT_EQ(from_vm("e", frame), forwarded(frame, "e", "up"));
}

TEST_P(Emit, KeepsThePriorityOfAVm) {
  for (const VlanTag& tag :
       {VlanTag{.pcp = 7}, VlanTag{.pcp = 1, .dei = true}, VlanTag{.dei = true}}) {
    const Frame red = tcp4(between("a", "wire"));
    const VlanTag with_vid{.vid = kRedVid, .pcp = tag.pcp, .dei = tag.dei};
    EXPECT_EQ(from_vm("a", red.tagged(tag)), forwarded(pushed(red, with_vid), "a", "up"));
    const Frame plain = tcp4(between("e", "wire"));
    EXPECT_EQ(from_vm("e", plain.tagged(tag)), forwarded(pushed(plain, tag), "e", "up"));
  }
}

TEST_P(Emit, PriorityTagWithPriorityZeroIsRemoved) {
  const Frame red = tcp4(between("a", "wire"));
  EXPECT_EQ(from_vm("a", red.tagged(VlanTag{})), forwarded(pushed(red, kRedVid), "a", "up"));
  const Frame plain = tcp4(between("e", "wire"));
  EXPECT_EQ(from_vm("e", plain.tagged(VlanTag{})), forwarded(plain, "e", "up"));
}

TEST_P(Emit, PopsTheTagFromTheUplink) {
  const Frame frame = tcp4(between("wire", "a"));
  EXPECT_EQ(from_uplink(frame.tagged({.vid = kRedVid, .pcp = 7, .dei = true})),
            forwarded(frame, "up", "a"));
}

// Under tc, the kernel moves the inner tag into metadata when the outer tag is popped.
TEST_P(Emit, InnerTagFromTheUplinkIsPayload) {
  let_xdp_carry_anything_of("up");
  for (const VlanTag& inner :
       {VlanTag{.vid = kBlueVid, .pcp = 2}, VlanTag{.vid = 7, .tpid = ETH_P_8021AD}}) {
    const Frame frame = tcp4(between("wire", "a"));
    EXPECT_EQ(from_uplink(frame.tagged(inner).tagged(kRedVid)),
              forwarded(pushed(frame, inner), "up", "a"));
  }
}

TEST_P(EmitXdp, FrameWithoutHeadroomForTheTagIsDropped) {
  const Frame frame = tcp4(between("a", "wire"));
  Outcome outcome;
  try {
    outcome = from_vm("a", frame, {.metadata_size = kRoomForNoTag});
  } catch (const SetupError& refused) {
    reasons_out_of_reach()[Hook::kXdp].insert("PUSH_FAILED");
    GTEST_SKIP() << "before Linux 6.7 XDP metadata cannot fill the headroom: " << refused.what();
  }
  EXPECT_EQ(outcome, dropped(frame, "a from", "PUSH_FAILED"));
  EXPECT_EQ(from_vm("a", frame, {.metadata_size = kRoomForNoTag - 4}),
            forwarded(frame.tagged(kRedVid), "a", "up"));
}

// Without the outer tag, the frame ends within the inner tag, and the kernel refuses to move a
// truncated tag.
TEST_P(Emit, FailedPopIsCounted) {
  Frame frame = tcp4(between("wire", "a")).tagged(7).tagged(kRedVid);
  frame.bytes.resize(ETH_HLEN + 4 + 2);
  const Outcome outcome = from_uplink(frame);
  EXPECT_EQ(outcome, only_tc(frame, {Verdict::kDrop, outcome.bytes, {{"up from POP_FAILED", 1}}}));
}

TEST_P(TagLive, WireGetsTheNetworksVid) {
  attach_all();
  const Frame red = tcp4(between("a", "wire"));
  expect_out("a", red, "up", red.tagged(kRedVid));
  const Frame blue = tcp6(between("d", "wire"));
  expect_out("d", blue, "up", blue.tagged(kBlueVid));
  const Frame plain = tcp4(between("e", "wire"));
  expect_out("e", plain, "up", plain);
}

TEST_P(TagLive, WireGetsThePriorityOfAVm) {
  attach_all();
  for (const VlanTag& tag :
       {VlanTag{.pcp = 7}, VlanTag{.pcp = 1, .dei = true}, VlanTag{.dei = true}}) {
    const Frame red = tcp4(between("a", "wire"));
    expect_out("a", red.tagged(tag), "up",
               red.tagged({.vid = kRedVid, .pcp = tag.pcp, .dei = tag.dei}));
    const Frame plain = tcp4(between("e", "wire"));
    expect_out("e", plain.tagged(tag), "up", plain.tagged(tag));
  }
}

TEST_P(TagLive, VmGetsNoTagOfXvnet) {
  attach_all();
  const Frame from_wire = tcp4(between("wire", "a"));
  expect_out("up", from_wire.tagged({.vid = kRedVid, .pcp = 6}), "a", from_wire);
  const Frame from_vm = tcp4(between("a", "b"));
  expect_out("a", from_vm.tagged({.pcp = 6}), "b", from_vm);
}

TEST_P(TagLive, VmGetsTheInnerTag) {
  rig_.set_interface("up",
                     {.network = 0,
                      .kind = abi::INTERFACE_UPLINK,
                      .flags = abi::INTERFACE_XDP_TARGET | abi::INTERFACE_CHECKSUMS_COMPLETE});
  attach_all();
  for (const VlanTag& inner :
       {VlanTag{.vid = kBlueVid, .pcp = 2}, VlanTag{.vid = 7, .tpid = ETH_P_8021AD}}) {
    const Frame frame = tcp4(between("wire", "a")).tagged(inner);
    expect_out("up", frame.tagged(kRedVid), "a", frame);
    const Frame twice = tcp4(between("wire", "a")).tagged(inner).tagged(8);
    expect_out("up", twice.tagged(kRedVid), "a", twice);
  }
}

// tc forwards a partial checksum and adjusts its offset for the tag. A reader without offloads then
// gets a complete checksum.
TEST_P(TagLive, PartialChecksumArrivesComplete) {
  attach_all();
  for (const Frame& complete :
       {tcp4(between("a", "wire")), tcp6(between("a", "wire")), udp4(between("a", "wire"))}) {
    const Frame frame = leave_partial(complete);
    if (on_xdp()) {
      expect_out("a", frame, "host", frame.finished());
    } else {
      expect_out("a", frame, "up", frame.finished().tagged(kRedVid));
    }
  }
}

}  // namespace
}  // namespace xvnet::test
