// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/pipeline.h, from_host: frames that the host sends on an uplink while it is a member of an
// untagged network. XDP has no egress hook, so these tests run under tc only.
//
// A frame from the host is not counted as *from* the uplink, because it is on its way to the
// uplink.
#include <linux/if_ether.h>

#include "live_fixture.h"
#include "packet_socket.h"

namespace xvnet::test {
namespace {

class FromHost : public Pipeline {};
INSTANTIATE_TEST_SUITE_P(Hooks, FromHost, tc_alone(), hook_name);

class FromHostLive : public Live {};
INSTANTIATE_TEST_SUITE_P(Hooks, FromHostLive, tc_alone(), hook_name);

TEST_P(FromHost, FrameForAVmReachesItsPort) {
  const Frame frame = tcp4(between("host", "e"));
  EXPECT_EQ(from_host(frame), (Outcome{Verdict::kRedirect, frame.bytes, {{"e to carried", 1}}}));
  EXPECT_EQ(from_host(frame.tagged({.pcp = 5})),
            (Outcome{Verdict::kRedirect, frame.bytes, {{"e to carried", 1}}}));
}

TEST_P(FromHost, FrameForTheWirePasses) {
  const Frame frame = tcp4(between("host", "wire"));
  EXPECT_EQ(from_host(frame), left(frame));
  EXPECT_EQ(from_host(frame.tagged({.pcp = 5})), left(frame.tagged({.pcp = 5})));
}

TEST_P(FromHost, BroadcastReachesPortsAndWire) {
  const Frame frame = arp_request(broadcast_of("host"));
  EXPECT_EQ(from_host(frame),
            (Outcome{Verdict::kPass, frame.bytes, {{"e to carried", 1}, {"f to carried", 1}}}));
  for (const std::string& name : rig_.names()) {
    EXPECT_EQ(copies_at(name), name == "e" || name == "f" ? Frames{frame.bytes} : Frames{}) << name;
  }
}

TEST_P(FromHost, UnknownMacIsFlooded) {
  const Frame frame = tcp4(between("host", "new"));
  EXPECT_EQ(from_host(frame),
            (Outcome{Verdict::kPass, frame.bytes, {{"e to carried", 1}, {"f to carried", 1}}}));
}

TEST_P(FromHost, TaggedFramesOfTheHostPass) {
  for (const uint16_t vid : {kHostsVid, kRedVid}) {
    const Frame frame = arp_request(broadcast_of("host")).tagged(vid);
    EXPECT_EQ(from_host(frame), left(frame)) << vid;
  }
  const Frame service = arp_request(broadcast_of("host")).tagged({.vid = 0, .tpid = ETH_P_8021AD});
  EXPECT_EQ(from_host(service), left(service));
}

TEST_P(FromHost, EverythingPassesWithoutAnUntaggedNetwork) {
  rig_.set_vlan("up", 0, 0);
  const Frame frame = arp_request(broadcast_of("host"));
  EXPECT_EQ(from_host(frame), left(frame));
}

TEST_P(FromHost, HostsMacIsNotLearned) {
  from_host(tcp4(between("new", "e")));
  EXPECT_EQ(learnt_at(kPlain, mac_of("new")), "");
}

TEST_P(FromHost, ADropIsCountedTowardsTheUplink) {
  const Frame too_big = tcp4(between("host", "e"), 1461);
  EXPECT_EQ(from_host(too_big), dropped(too_big, "up to", "TOO_BIG"));
  rig_.attach(kRed, "e");
  const Frame frame = tcp4(between("host", "e"));
  EXPECT_EQ(from_host(frame), dropped(frame, "up to", "WRONG_NETWORK"));
  rig_.erase_interface("e");
  EXPECT_EQ(from_host(frame), dropped(frame, "up to", "NO_DEVICE"));
}

TEST_P(FromHost, TruncatedTagIsDropped) {
  Frame frame = tcp4(between("host", "e")).tagged(kHostsVid);
  frame.bytes.resize(ETH_HLEN + 1);
  EXPECT_EQ(from_host(frame), dropped(frame, "up to", "TRUNCATED"));
}

TEST_P(FromHostLive, ABroadcastReachesThePortsAndTheWireOnce) {
  attach_all();
  PacketSocket host(rig_.ns(), "up");
  const Frame frame = arp_request(broadcast_of("host"));
  host.send(frame);
  EXPECT_EQ(places(frame), (Places{"e", "f", "up"}));
  for (const std::string name : {"e", "f", "up"})
    EXPECT_EQ(seen(name, frame), Frames{frame.bytes}) << name;
}

TEST_P(FromHostLive, AFrameForAVmDoesNotReachTheWire) {
  attach_all();
  PacketSocket host(rig_.ns(), "up");
  const Frame frame = leave_partial(tcp4(between("host", "e")));
  host.send(frame);
  EXPECT_EQ(places(frame), Places{"e"});
  EXPECT_EQ(seen("e", frame), Frames{frame.finished().bytes});
}

TEST_P(FromHostLive, TaggedFramesOfTheHostReachTheWireUnmodified) {
  attach_all();
  PacketSocket host(rig_.ns(), "up");
  const Frame frame = udp4(between("host", "wire")).tagged({.vid = kHostsVid, .pcp = 3});
  host.send(frame);
  EXPECT_EQ(places(frame), Places{"up"});
  EXPECT_EQ(seen("up", frame), Frames{frame.bytes});
}

// The copy for the wire passes the uplink's egress program with xvnet's mark. That program must not
// flood it a second time.
TEST_P(FromHostLive, BroadcastFromVmIsNotFloodedAgain) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("e"));
  send("e", frame);
  for (const std::string name : {"f", "up", "host"})
    EXPECT_EQ(seen(name, frame), Frames{frame.bytes}) << name;
  EXPECT_EQ(seen("e", frame), Frames{});
}

}  // namespace
}  // namespace xvnet::test
