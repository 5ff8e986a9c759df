// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/classify.h: which network a frame belongs to, and which frames are left to the host.
//
// NOT_OURS has no counter. The frame passes unmodified and nothing is counted, which left()
// states.
#include <linux/if_ether.h>

#include "pipeline_fixture.h"

namespace xvnet::test {
namespace {

// The mark of a frame that xvnet itself sends into an uplink (bpf/hook/tc.h). A frame has no mark
// under XDP.
constexpr uint32_t kOwnFrameMark = 0x78766e74;

class Classify : public Pipeline {};
INSTANTIATE_TEST_SUITE_P(Hooks, Classify, both_hooks(), hook_name);

class ClassifyMarked : public Pipeline {};
INSTANTIATE_TEST_SUITE_P(Hooks, ClassifyMarked, tc_alone(), hook_name);

TEST_P(Classify, UnattachedPortIsDropped) {
  rig_.erase_interface("a");
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_ATTACHED"));
}

// "b" is not cached: another interface holds its place in the cache. That cached entry must not be
// used for "b".
TEST_P(Classify, CacheEntryOfAnotherInterfaceIsNotUsed) {
  const uint32_t place = rig_.ifindex("b") % INTERFACE_CACHE_SIZE;
  const abi::interface blue{.network = kBlue, .kind = abi::INTERFACE_PORT, .flags = 0};
  rig_.tables().interface_cache.put(
      place, {.ifindex = rig_.ifindex("b") + INTERFACE_CACHE_SIZE, .interface = blue, .pad = 0});
  const Frame frame = tcp4(between("b", "a"));
  EXPECT_EQ(from_vm("b", frame), forwarded(frame, "b", "a"));
  const Frame answer = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", answer), forwarded(answer, "a", "b"));
}

TEST_P(Classify, DeviceWithoutAnEntryIsDropped) {
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("stranger", frame), (Outcome{Verdict::kDrop, frame.bytes, {}}));
}

TEST_P(Classify, UplinkIsNotAPort) {
  rig_.set_interface("up", {.network = kRed, .kind = abi::INTERFACE_UPLINK, .flags = 0});
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("up", frame), dropped(frame, "up from", "NOT_ATTACHED"));
}

TEST_P(Classify, PortOfARemovedNetworkIsDropped) {
  rig_.tables().networks.erase(kRed);
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NOT_ATTACHED"));
}

TEST_P(Classify, UnownedVidIsPassedToTheHost) {
  const Frame frame = tcp4(between("wire", "a")).tagged({.vid = kHostsVid, .pcp = 3});
  EXPECT_EQ(from_uplink(frame), left(frame));
}

TEST_P(Classify, UntaggedIsPassedToTheHostWithoutANetwork) {
  rig_.set_vlan("up", 0, 0);
  const Frame frame = tcp4(between("wire", "e"));
  EXPECT_EQ(from_uplink(frame), left(frame));
  EXPECT_EQ(from_uplink(frame.tagged({.vid = 0, .pcp = 6})),
            left(frame.tagged({.vid = 0, .pcp = 6})));
}

TEST_P(Classify, UntaggedBelongsToTheUntaggedNetwork) {
  const Frame frame = tcp4(between("wire", "e"));
  EXPECT_EQ(from_uplink(frame), forwarded(frame, "up", "e"));
  EXPECT_EQ(from_uplink(frame.tagged({.vid = 0, .pcp = 6})), forwarded(frame, "up", "e"));
}

TEST_P(Classify, ServiceTagIsNotAnOwnedVid) {
  for (const uint16_t vid : {uint16_t{0}, kRedVid, kHostsVid}) {
    const Frame frame = tcp4(between("wire", "a")).tagged({.vid = vid, .tpid = ETH_P_8021AD});
    EXPECT_EQ(from_uplink(frame), left(frame)) << vid;
    EXPECT_EQ(from_uplink(frame.tagged({.vid = kHostsVid})), left(frame.tagged({.vid = kHostsVid})))
        << vid;
  }
}

TEST_P(Classify, VidOfAnotherUplinkIsPassedToTheHost) {
  rig_.set_vlan("up", kRedVid, 0);
  rig_.set_vlan("stranger", kRedVid, kRed);
  const Frame frame = tcp4(between("wire", "a")).tagged(kRedVid);
  EXPECT_EQ(from_uplink(frame), left(frame));
}

TEST_P(Classify, RemovedUplinkIsPassedToTheHost) {
  const Frame frame = tcp4(between("wire", "a")).tagged(kRedVid);
  rig_.set_interface("up", {.network = kRed, .kind = abi::INTERFACE_PORT, .flags = 0});
  EXPECT_EQ(from_uplink(frame), left(frame));
  rig_.erase_interface("up");
  EXPECT_EQ(from_uplink(frame), left(frame));
}

TEST_P(Classify, VidOfARemovedNetworkIsPassedToTheHost) {
  rig_.tables().networks.erase(kRed);
  const Frame frame = tcp4(between("wire", "a")).tagged(kRedVid);
  EXPECT_EQ(from_uplink(frame), left(frame));
}

TEST_P(ClassifyMarked, OwnFramePassesTheUplinkAndLosesItsMark) {
  const Frame frame = tcp4(between("wire", "e"));
  EXPECT_EQ(from_uplink(frame, {.mark = kOwnFrameMark}), left(frame));
  EXPECT_EQ(mark(), 0u);
  EXPECT_EQ(from_host(frame, {.mark = kOwnFrameMark}), left(frame));
  EXPECT_EQ(mark(), 0u);
}

TEST_P(ClassifyMarked, ForeignMarkIsIgnoredAndKept) {
  constexpr uint32_t kAnother = kOwnFrameMark + 1;
  const Frame frame = tcp4(between("wire", "e"));
  EXPECT_EQ(from_uplink(frame, {.mark = kAnother}), forwarded(frame, "up", "e"));
  EXPECT_EQ(mark(), kAnother);
}

TEST_P(ClassifyMarked, MarkDoesNotBypassPortChecks) {
  const Frame frame = tcp4(between("a", "b")).tagged(kBlueVid);
  EXPECT_EQ(from_vm("a", frame, {.mark = kOwnFrameMark}), dropped(frame, "a from", "VLAN_TAGGED"));
}

TEST_P(ClassifyMarked, FrameFromVmToTheWireIsMarked) {
  const Frame frame = tcp4(between("a", "wire"));
  EXPECT_EQ(from_vm("a", frame), forwarded(pushed(frame, kRedVid), "a", "up"));
  EXPECT_EQ(mark(), kOwnFrameMark);
  EXPECT_EQ(from_vm("a", arp_request(broadcast_of("a"))).verdict, Verdict::kRedirect);
  EXPECT_EQ(mark(), kOwnFrameMark);
  EXPECT_EQ(from_vm("a", tcp4(between("a", "b"))).verdict, Verdict::kRedirect);
  EXPECT_EQ(mark(), 0u);
}

}  // namespace
}  // namespace xvnet::test
