// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/emit.h, flood: every other member of the network gets exactly one copy, and no other
// device gets one. XDP cannot clone frames and leaves every flood to tc, so only tc gives the
// reasons FLOODED, NO_RECEIVER and NO_CARRIER.
#include <linux/if_ether.h>

#include "link.h"
#include "live_fixture.h"

namespace xvnet::test {
namespace {

class Flood : public Pipeline {
 protected:
  void set_uplink(uint32_t network, const std::string& name) {
    abi::network value = rig_.tables().networks.find(network).value();
    value.uplink = name.empty() ? 0 : rig_.ifindex(name);
    rig_.tables().networks.put(network, value);
  }
  // Checks that exactly these devices got one copy each. A test run does not execute the final
  // redirect to the wire.
  void expect_copies(const Frame& frame, const std::set<std::string>& expected) {
    for (const std::string& name : rig_.names()) {
      const bool due = !on_xdp() && expected.contains(name);
      EXPECT_EQ(copies_at(name), due ? Frames{frame.bytes} : Frames{}) << name;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Flood, both_hooks(), hook_name);

class FloodLive : public Live {
 protected:
  // Checks that the frame came out exactly once at each of these places, in the given form.
  void expect_everywhere(const Frame& sent, const std::map<std::string, Frame>& expected) {
    for (const std::string& name : rig_.names()) {
      const auto due = expected.find(name);
      EXPECT_EQ(seen(name, sent), due == expected.end() ? Frames{} : Frames{due->second.bytes})
          << name;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, FloodLive, both_hooks(), hook_name);

TEST_P(Flood, BroadcastFromVmReachesOnlyItsNetwork) {
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame), only_tc(frame, {Verdict::kRedirect,
                                                 frame.bytes,
                                                 {{"a from carried", 1},
                                                  {"b to carried", 1},
                                                  {"c to carried", 1},
                                                  {"up to carried", 1}}}));
  expect_copies(frame, {"b", "c"});
}

TEST_P(Flood, BroadcastFromTheWireReachesThePortsOfItsVlan) {
  const Frame frame = arp_request(broadcast_of("wire"));
  const Frame tagged = frame.tagged({.vid = kRedVid, .pcp = 3});
  EXPECT_EQ(from_uplink(tagged), only_tc(tagged, {Verdict::kDrop,
                                                  frame.bytes,
                                                  {{"up from carried", 1},
                                                   {"a to carried", 1},
                                                   {"b to carried", 1},
                                                   {"c to carried", 1}}}));
  expect_copies(frame, {"a", "b", "c"});
}

TEST_P(Flood, UntaggedBroadcastFromTheWireReachesTheHostToo) {
  const Frame frame = arp_request(broadcast_of("wire"));
  EXPECT_EQ(from_uplink(frame),
            only_tc(frame, {Verdict::kPass,
                            frame.bytes,
                            {{"up from carried", 1}, {"e to carried", 1}, {"f to carried", 1}}}));
  expect_copies(frame, {"e", "f"});
}

TEST_P(Flood, UntaggedBroadcastReachesTheHostWithoutPorts) {
  rig_.set_members(kPlain, {});
  const Frame frame = arp_request(broadcast_of("wire"));
  EXPECT_EQ(from_uplink(frame),
            only_tc(frame, {Verdict::kPass, frame.bytes, {{"up from carried", 1}}}));
}

TEST_P(Flood, ReachesThePortsWithoutAnUplink) {
  set_uplink(kRed, "");
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame),
            only_tc(frame, {Verdict::kDrop,
                            frame.bytes,
                            {{"a from carried", 1}, {"b to carried", 1}, {"c to carried", 1}}}));
  expect_copies(frame, {"b", "c"});
}

TEST_P(Flood, SingleMemberHasNoReceiver) {
  set_uplink(kBlue, "");
  const Frame frame = arp_request(broadcast_of("d"));
  EXPECT_EQ(from_vm("d", frame), only_tc(frame, dropped(frame, "d from", "NO_RECEIVER")));
  rig_.tables().members.erase(kBlue);
  EXPECT_EQ(from_vm("d", frame), only_tc(frame, dropped(frame, "d from", "NO_RECEIVER")));
}

TEST_P(Flood, AVlanWithoutPortsHasNoReceiver) {
  rig_.set_members(kBlue, {});
  const Frame frame = arp_request(broadcast_of("wire"));
  const Outcome unheard = {Verdict::kDrop, frame.bytes, {{"up from NO_RECEIVER", 1}}};
  EXPECT_EQ(from_uplink(frame.tagged(kBlueVid)), only_tc(frame.tagged(kBlueVid), unheard));
  rig_.tables().members.erase(kBlue);
  EXPECT_EQ(from_uplink(frame.tagged(kBlueVid)), only_tc(frame.tagged(kBlueVid), unheard));
}

TEST_P(Flood, StaleMemberInAnotherNetworkGetsNoCopy) {
  rig_.set_members(kRed, {"a", "b", "d"});
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame), only_tc(frame, {Verdict::kRedirect,
                                                 frame.bytes,
                                                 {{"a from carried", 1},
                                                  {"b to carried", 1},
                                                  {"d to WRONG_NETWORK", 1},
                                                  {"up to carried", 1}}}));
  expect_copies(frame, {"b"});
}

TEST_P(Flood, UnmanagedMemberGetsNoCopy) {
  rig_.set_members(kRed, {"stranger", "host", "b", "a"});
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame),
            only_tc(frame, {Verdict::kRedirect,
                            frame.bytes,
                            {{"a from carried", 1}, {"b to carried", 1}, {"up to carried", 1}}}));
  expect_copies(frame, {"b"});
}

TEST_P(Flood, VanishedMemberIsCounted) {
  rig_.tables().devices.erase(rig_.ifindex("b"));
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame), only_tc(frame, {Verdict::kRedirect,
                                                 frame.bytes,
                                                 {{"a from carried", 1},
                                                  {"b to NO_DEVICE", 1},
                                                  {"c to carried", 1},
                                                  {"up to carried", 1}}}));
  expect_copies(frame, {"c"});
}

TEST_P(Flood, MemberThatIsDownIsCounted) {
  set_down(rig_.ns(), "b");
  const Frame frame = arp_request(broadcast_of("a"));
  const Outcome outcome = from_vm("a", frame);
  set_up(rig_.ns(), "b");
  EXPECT_EQ(outcome, only_tc(frame, {Verdict::kRedirect,
                                     frame.bytes,
                                     {{"a from carried", 1},
                                      {"b to NO_CARRIER", 1},
                                      {"c to carried", 1},
                                      {"up to carried", 1}}}));
  expect_copies(frame, {"c"});
}

// The VM now runs elsewhere. Its MAC is still configured for a port that has no VM.
TEST_P(Flood, StaticMacOfAPortWithoutCarrierIsRelearned) {
  rig_.set_entry(kRed, "b", mac_of("b"), abi::FDB_SLOT_STATIC);
  const Frame frame = arp_request(Ends::between(mac_of("b"), kBroadcast)).tagged(kRedVid);
  from_uplink(frame);
  EXPECT_EQ(learnt_at(kRed, mac_of("b")), "b") << "the port has a carrier";
  set_down(rig_.ns(), "b");
  from_uplink(frame);
  from_uplink(frame);
  const std::string where = learnt_at(kRed, mac_of("b"));
  set_up(rig_.ns(), "b");
  EXPECT_EQ(where, on_xdp() ? "b" : "up") << "XDP passes every flood to tc";
}

TEST_P(Flood, FloodWithoutAnyCopyIsDropped) {
  set_uplink(kRed, "");
  rig_.set_members(kRed, {"a", "d"});
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame),
            only_tc(frame, {Verdict::kDrop,
                            frame.bytes,
                            {{"a from NO_RECEIVER", 1}, {"d to WRONG_NETWORK", 1}}}));
}

TEST_P(Flood, FrameTooBigForOneReachesTheOthers) {
  const Frame frame = tcp4(broadcast_of("b"), 2000);
  EXPECT_EQ(from_vm("b", frame), only_tc(frame, {Verdict::kDrop,
                                                 frame.bytes,
                                                 {{"b from carried", 1},
                                                  {"a to TOO_BIG", 1},
                                                  {"c to carried", 1},
                                                  {"up to TOO_BIG", 1}}}));
  expect_copies(frame, {"c"});
}

TEST_P(Flood, CopyTooBigForTheUplinkIsCountedThere) {
  rig_.tables().devices.erase(rig_.ifindex("up"));
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame), only_tc(frame, {Verdict::kDrop,
                                                 frame.bytes,
                                                 {{"a from carried", 1},
                                                  {"b to carried", 1},
                                                  {"c to carried", 1},
                                                  {"up to NO_DEVICE", 1}}}));
  expect_copies(frame, {"b", "c"});
}

TEST_P(Flood, ReachesEveryMemberOfAFullNetwork) {
  std::vector<std::string> many(MAX_MEMBERS, "a");
  many.back() = "b";
  rig_.set_members(kRed, many);
  const Frame frame = arp_request(broadcast_of("a"));
  EXPECT_EQ(from_vm("a", frame),
            only_tc(frame, {Verdict::kRedirect,
                            frame.bytes,
                            {{"a from carried", 1}, {"b to carried", 1}, {"up to carried", 1}}}));
  expect_copies(frame, {"b"});
}

TEST_P(FloodLive, EveryMemberAndTheWireGetOneCopy) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("a"));
  send("a", frame);
  if (on_xdp()) return expect_everywhere(frame, {{"host", frame}});
  expect_everywhere(frame, {{"b", frame}, {"c", frame}, {"up", frame.tagged(kRedVid)}});
}

TEST_P(FloodLive, OnlyTheWireGetsThePriorityOfAVm) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("a"));
  send("a", frame.tagged({.pcp = 5}));
  if (on_xdp()) return expect_everywhere(frame, {{"host", frame.tagged({.pcp = 5})}});
  expect_everywhere(frame,
                    {{"b", frame}, {"c", frame}, {"up", frame.tagged({.vid = kRedVid, .pcp = 5})}});
}

TEST_P(FloodLive, BroadcastFromTheWireReachesPortsOnly) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("wire"));
  send("up", frame.tagged({.vid = kRedVid, .pcp = 5}));
  if (on_xdp())
    return expect_everywhere(frame, {{"host", frame.tagged({.vid = kRedVid, .pcp = 5})}});
  expect_everywhere(frame, {{"a", frame}, {"b", frame}, {"c", frame}});
}

TEST_P(FloodLive, InnerTagFromTheWireIsPayload) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("wire")).tagged({.vid = kBlueVid, .pcp = 1});
  send("up", frame.tagged(kRedVid));
  if (on_xdp()) return expect_everywhere(frame, {{"host", frame.tagged(kRedVid)}});
  expect_everywhere(frame, {{"a", frame}, {"b", frame}, {"c", frame}});
}

TEST_P(FloodLive, UntaggedVmReachesPortsWireAndHost) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("e"));
  send("e", frame);
  if (on_xdp()) return expect_everywhere(frame, {{"host", frame}});
  expect_everywhere(frame, {{"f", frame}, {"up", frame}, {"host", frame}});
  EXPECT_EQ(counted(), (Counts{{"e from carried", 1}, {"f to carried", 1}, {"up to carried", 1}}));
}

TEST_P(FloodLive, StaleUplinkOfAnUntaggedNetworkGetsNoCopy) {
  abi::network plain = rig_.tables().networks.find(kPlain).value();
  plain.uplink = rig_.ifindex("stranger");
  rig_.tables().networks.put(kPlain, plain);
  attach_all();
  const Frame frame = arp_request(broadcast_of("e"));
  send("e", frame);
  if (on_xdp()) return expect_everywhere(frame, {{"host", frame}});
  expect_everywhere(frame, {{"f", frame}});
}

// For the uplink, the flood redirects the tagged frame itself. An untagged copy on the wire would
// belong to another network.
TEST_P(FloodLive, UplinkAmongTheMembersGetsNoSecondCopy) {
  rig_.set_members(kRed, {"up", "a", "b"});
  attach_all();
  const Frame frame = arp_request(broadcast_of("a"));
  send("a", frame);
  if (on_xdp()) return expect_everywhere(frame, {{"host", frame}});
  expect_everywhere(frame, {{"b", frame}, {"up", frame.tagged(kRedVid)}});
  EXPECT_EQ(counted(), (Counts{{"a from carried", 1}, {"b to carried", 1}, {"up to carried", 1}}));
}

TEST_P(FloodLive, HostGetsTheFrameFromTheWireUnmodified) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("wire"));
  send("up", frame);
  if (on_xdp()) return expect_everywhere(frame, {{"host", frame}});
  expect_everywhere(frame, {{"e", frame}, {"f", frame}, {"host", frame}});
}

TEST_P(FloodLive, HostGetsThePriorityTagFromTheWire) {
  attach_all();
  for (const VlanTag& tag : {VlanTag{.pcp = 5}, VlanTag{.dei = true}, VlanTag{}}) {
    const Frame frame = arp_request(broadcast_of("wire"));
    send("up", frame.tagged(tag));
    std::map<std::string, Frame> expected = {{"host", frame.tagged(tag)}};
    if (!on_xdp()) expected.insert({{"e", frame}, {"f", frame}});
    expect_everywhere(frame, expected);
  }
}

TEST_P(FloodLive, HostGetsATagBehindThePriorityTag) {
  attach_all();
  const Frame frame = arp_request(broadcast_of("wire")).tagged(7);
  const Frame sent = frame.tagged({.pcp = 5});
  send("up", sent);
  std::map<std::string, Frame> expected = {{"host", sent}};
  if (!on_xdp()) expected.insert({{"e", frame}, {"f", frame}});
  expect_everywhere(frame, expected);
}

}  // namespace
}  // namespace xvnet::test
