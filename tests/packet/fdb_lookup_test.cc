// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/fdb_lookup.h, find_destination: finds the one interface to send a frame to, or decides
// to flood it.
#include "live_fixture.h"

namespace xvnet::test {
namespace {

class FdbLookup : public Pipeline {
 protected:
  // The outcome of a flood from "a", as a test run shows it. XDP leaves the flood to tc.
  Outcome flooded_from_a(const Frame& frame) const {
    return only_tc(
        frame,
        {Verdict::kRedirect,
         frame.bytes,
         {{"a from carried", 1}, {"b to carried", 1}, {"c to carried", 1}, {"up to carried", 1}}});
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, FdbLookup, both_hooks(), hook_name);

class FdbLookupLive : public Live {};
INSTANTIATE_TEST_SUITE_P(Hooks, FdbLookupLive, both_hooks(), hook_name);

TEST_P(FdbLookup, KnownMacOnAPortIsForwarded) {
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
}

TEST_P(FdbLookup, KnownMacOnTheWireIsForwarded) {
  const Frame frame = tcp4(between("a", "wire"));
  EXPECT_EQ(from_vm("a", frame), forwarded(pushed(frame, kRedVid), "a", "up"));
}

TEST_P(FdbLookup, FrameFromTheWireReachesItsPort) {
  const Frame frame = tcp4(between("wire", "d"));
  EXPECT_EQ(from_uplink(frame.tagged(kBlueVid)), forwarded(frame, "up", "d"));
}

TEST_P(FdbLookup, UnknownMacIsFlooded) {
  const Frame frame = tcp4(between("a", "new"));
  EXPECT_EQ(from_vm("a", frame), flooded_from_a(frame));
}

TEST_P(FdbLookup, MacOfAnotherNetworkIsUnknown) {
  const Frame frame = tcp4(between("a", "d"));
  EXPECT_EQ(from_vm("a", frame), flooded_from_a(frame));
  EXPECT_EQ(copies_at("d"), Frames{});
}

TEST_P(FdbLookup, AgedMacIsFlooded) {
  rig_.set_learnt(kRed, "b", mac_of("b"), 0, monotonic_ns() - kAgeingNs - 1'000'000'000);
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), flooded_from_a(frame));
}

TEST_P(FdbLookup, AgeingTimeIsPerNetwork) {
  const uint64_t age = 10'000'000'000;
  abi::network red = rig_.tables().networks.find(kRed).value();
  red.ageing_ns = age / 2;
  rig_.tables().networks.put(kRed, red);
  rig_.set_learnt(kRed, "b", mac_of("b"), 0, monotonic_ns() - age);
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), flooded_from_a(frame));
  red.ageing_ns = kAgeingNs;
  rig_.tables().networks.put(kRed, red);
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
}

TEST_P(FdbLookup, StaticMacNeverAges) {
  rig_.set_entry(kRed, "b", mac_of("b"), abi::FDB_SLOT_STATIC);
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
}

TEST_P(FdbLookup, MulticastMacIsFlooded) {
  for (const std::string group : {"01:00:5e:00:00:fb", "33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff"}) {
    rig_.set_entry(kRed, "b", group, abi::FDB_SLOT_STATIC);
    const Frame frame = tcp4(Ends::between(mac_of("a"), group));
    EXPECT_EQ(from_vm("a", frame), flooded_from_a(frame)) << group;
  }
}

TEST_P(FdbLookup, HairpinToTheSamePortIsDropped) {
  const Frame frame = tcp4(between("new", "a"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "HAIRPIN"));
  const Frame to_itself = tcp4(between("a", "a"));
  EXPECT_EQ(from_vm("a", to_itself), dropped(to_itself, "a from", "HAIRPIN"));
}

TEST_P(FdbLookup, HairpinToTheWireIsDropped) {
  const Frame frame = tcp4(between("new", "wire")).tagged(kRedVid);
  EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "HAIRPIN"));
}

TEST_P(FdbLookup, UntaggedHairpinToTheWireIsPassedToTheHost) {
  const Frame frame = tcp4(between("new", "wire"));
  EXPECT_EQ(from_uplink(frame), left(frame));
  const Frame priority = frame.tagged({.vid = 0, .pcp = 4});
  EXPECT_EQ(from_uplink(priority), left(priority));
}

TEST_P(FdbLookup, UntaggedFrameForTheHostIsPassedToIt) {
  const Frame frame = tcp4(between("wire", "host"));
  EXPECT_EQ(from_uplink(frame), left(frame));
}

// TO_HOST is counted as carried, like FORWARDED, at the sender only. The host has no counters.
TEST_P(FdbLookup, AVmReachesTheHostThroughTheUplink) {
  const Frame frame = tcp4(between("e", "host"));
  EXPECT_EQ(from_vm("e", frame),
            only_tc(frame, {Verdict::kRedirect, frame.bytes, {{"e from carried", 1}}}));
}

TEST_P(FdbLookup, VmOfATaggedNetworkDoesNotReachTheHost) {
  const Frame frame = tcp4(between("a", "host"));
  EXPECT_EQ(from_vm("a", frame), flooded_from_a(frame));
}

TEST_P(FdbLookupLive, FrameLeavesOnlyAtItsPort) {
  attach_all();
  const Frame frame = tcp4(between("a", "b"));
  send("a", frame);
  EXPECT_EQ(places(frame), Places{"b"});
  EXPECT_EQ(seen("b", frame), Frames{frame.bytes});
  EXPECT_EQ(counted(), (Counts{{"a from carried", 1}, {"b to carried", 1}}));
}

TEST_P(FdbLookupLive, FrameForTheHostReachesOnlyTheHost) {
  attach_all();
  const Frame frame = tcp4(between("e", "host"));
  send("e", frame);
  EXPECT_EQ(places(frame), Places{"host"});
  EXPECT_EQ(seen("host", frame), Frames{frame.bytes});
  EXPECT_EQ(counted(), on_xdp() ? Counts{} : (Counts{{"e from carried", 1}}));
}

TEST_P(FdbLookupLive, HostsFrameReachesTheHostUnmodified) {
  attach_all();
  for (const VlanTag& tag :
       {VlanTag{.vid = kHostsVid, .pcp = 5, .dei = true}, VlanTag{.vid = 4094}}) {
    const Frame frame = udp4(between("wire", "host")).tagged(tag);
    send("up", frame);
    EXPECT_EQ(places(frame), Places{"host"});
    EXPECT_EQ(seen("host", frame), Frames{frame.bytes});
  }
  EXPECT_EQ(counted(), Counts{});
}

}  // namespace
}  // namespace xvnet::test
