// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/fdb_lookup.h, check_target: the target must be alive and in the frame's network, and
// its MTU must be large enough.
#include <linux/if_ether.h>

#include "link.h"
#include "live_fixture.h"

namespace xvnet::test {
namespace {

constexpr size_t kMtu = 1500;
constexpr size_t kHeaders4 = 40;  // IPv4 and TCP without options

class Target : public Pipeline {
 protected:
  void let_xdp_carry_anything_of(const std::string& name) {
    abi::interface value = rig_.tables().interfaces.find(rig_.ifindex(name)).value();
    value.flags |= abi::INTERFACE_CHECKSUMS_COMPLETE;
    rig_.set_interface(name, value);
  }
  void set_uplink(uint32_t network, uint32_t ifindex) {
    abi::network value = rig_.tables().networks.find(network).value();
    value.uplink = ifindex;
    rig_.tables().networks.put(network, value);
  }
  // A TCP frame whose IP packet has `size` bytes.
  static Frame sized(const Ends& ends, size_t size) { return tcp4(ends, size - kHeaders4); }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Target, both_hooks(), hook_name);

class TargetLive : public Live {};
INSTANTIATE_TEST_SUITE_P(Hooks, TargetLive, both_hooks(), hook_name);

TEST_P(Target, StaleEntryReachesNoOtherNetwork) {
  for (const uint32_t slot : {uint32_t{0}, uint32_t{abi::FDB_SLOT_STATIC}}) {
    rig_.set_learnt(kRed, "b", mac_of("b"), 0, monotonic_ns());
    abi::fdb_entry entry = rig_.tables().fdb.find(fdb_key(kRed, mac_of("b"))).value();
    entry.ifindex = rig_.ifindex("d");
    entry.slot = slot;
    rig_.tables().fdb.put(fdb_key(kRed, mac_of("b")), entry);
    const Frame frame = tcp4(between("a", "b"));
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "WRONG_NETWORK"));
    const Frame tagged = tcp4(between("wire", "b")).tagged(kRedVid);
    EXPECT_EQ(from_uplink(tagged), dropped(tagged, "up from", "WRONG_NETWORK"));
  }
}

TEST_P(Target, MovedPortGetsNoFrameOfItsPreviousNetwork) {
  rig_.attach(kBlue, "b");
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "WRONG_NETWORK"));
}

TEST_P(Target, NetworkWithoutAnUplinkDoesNotReachTheWire) {
  set_uplink(kRed, 0);
  const Frame frame = tcp4(between("a", "wire"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "WRONG_NETWORK"));
}

TEST_P(Target, PortIsNotAnUplink) {
  set_uplink(kRed, rig_.ifindex("d"));
  rig_.set_entry(kRed, "d", mac_of("new"), abi::FDB_SLOT_STATIC);
  const Frame frame = tcp4(between("a", "new"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "WRONG_NETWORK"));
}

TEST_P(Target, UnmanagedDeviceGetsNoFrame) {
  rig_.set_entry(kRed, "stranger", mac_of("b"), abi::FDB_SLOT_STATIC);
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NO_DEVICE"));
}

// A host entry sends frames into a device's receive path. At a port, those would count as frames
// from its VM.
TEST_P(Target, StaleHostEntryReachesNoPort) {
  for (const std::string port : {"d", "f"}) {
    rig_.set_entry(kPlain, port, mac_of("host"), abi::FDB_SLOT_HOST);
    const Frame frame = tcp4(between("e", "host"));
    EXPECT_EQ(from_vm("e", frame), dropped(frame, "e from", "WRONG_NETWORK")) << port;
  }
}

TEST_P(Target, HostEntryBehindARemovedUplinkIsDropped) {
  rig_.set_entry(kPlain, "stranger", mac_of("host"), abi::FDB_SLOT_HOST);
  set_uplink(kPlain, rig_.ifindex("stranger"));
  const Frame frame = tcp4(between("e", "host"));
  EXPECT_EQ(from_vm("e", frame), dropped(frame, "e from", "NO_DEVICE"));
}

TEST_P(Target, StaleHostEntryDoesNotExposeTheHost) {
  rig_.set_entry(kRed, "up", mac_of("host"), abi::FDB_SLOT_HOST);
  const Frame frame = tcp4(between("a", "host"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "WRONG_NETWORK"));
}

TEST_P(Target, DetachedPortGetsNoFrame) {
  rig_.erase_interface("b");
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NO_DEVICE"));
}

TEST_P(Target, DeviceOutsideTheDevmapGetsNoFrame) {
  rig_.tables().devices.erase(rig_.ifindex("b"));
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NO_DEVICE"));
}

TEST_P(Target, VanishedDeviceGetsNoFrame) {
  uint32_t gone = 0;
  {
    const Tap tap(rig_.ns(), "passing", {.create_missing = true});
    gone = static_cast<uint32_t>(ifindex(rig_.ns(), "passing"));
    rig_.ns().in([&] { rig_.tables().devices.put(gone, gone); });
    rig_.tables().interfaces.put(
        gone, {.network = kRed, .kind = abi::INTERFACE_PORT, .flags = abi::INTERFACE_XDP_TARGET});
    rig_.tables().fdb.put(fdb_key(kRed, mac_of("new")),
                          {.ifindex = gone, .slot = abi::FDB_SLOT_STATIC, .last_seen_ns = 0});
  }
  const Frame frame = tcp4(between("a", "new"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NO_DEVICE"));
  EXPECT_FALSE(rig_.tables().devices.find(gone));
}

// The device is alive, but in another namespace. The kernel cannot find it from the sender's
// namespace.
TEST_P(Target, DeviceOfAnotherNamespaceGetsNoFrame) {
  constexpr uint32_t kFar = 9999;  // no device of the rig has this ifindex
  const NetNs elsewhere;
  elsewhere.must({"ip", "link", "add", "far", "index", std::to_string(kFar), "type", "veth", "peer",
                  "name", "end"});
  elsewhere.in([&] { rig_.tables().devices.put(kFar, kFar); });
  rig_.tables().interfaces.put(
      kFar, {.network = kRed, .kind = abi::INTERFACE_PORT, .flags = abi::INTERFACE_XDP_TARGET});
  rig_.tables().fdb.put(fdb_key(kRed, mac_of("new")),
                        {.ifindex = kFar, .slot = abi::FDB_SLOT_STATIC, .last_seen_ns = 0});
  const Frame frame = tcp4(between("a", "new"));
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "NO_DEVICE"));
}

// XDP cannot tell an oversized frame from a TSO frame, so only tc gives TOO_BIG.
TEST_P(Target, FrameLargerThanTheTargetsMtuIsDropped) {
  const Frame fits = sized(between("a", "b"), kMtu);
  EXPECT_EQ(from_vm("a", fits), forwarded(fits, "a", "b"));
  const Frame too_big = sized(between("a", "b"), kMtu + 1);
  EXPECT_EQ(from_vm("a", too_big), only_tc(too_big, dropped(too_big, "a from", "TOO_BIG")));
}

TEST_P(Target, MtuOfTheTargetApplies) {
  const Frame frame = sized(between("a", "c"), 2 * kMtu);
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "c"));
  const Frame back = sized(between("c", "a"), 2 * kMtu);
  EXPECT_EQ(from_vm("c", back), only_tc(back, dropped(back, "c from", "TOO_BIG")));
}

TEST_P(Target, PushedTagDoesNotCountTowardsTheMtu) {
  const Frame to_wire = sized(between("a", "wire"), kMtu);
  EXPECT_EQ(from_vm("a", to_wire), forwarded(pushed(to_wire, kRedVid), "a", "up"));
  const Frame from_wire = sized(between("wire", "a"), kMtu);
  EXPECT_EQ(from_uplink(from_wire.tagged(kRedVid)), forwarded(from_wire, "up", "a"));
  const Frame priority = sized(between("a", "b"), kMtu);
  EXPECT_EQ(from_vm("a", priority.tagged({.vid = 0, .pcp = 5})), forwarded(priority, "a", "b"));
  const Frame too_big = sized(between("a", "wire"), kMtu + 1);
  EXPECT_EQ(from_vm("a", too_big), only_tc(too_big, dropped(too_big, "a from", "TOO_BIG")));
}

// tc moves the inner tag into metadata when it pops the outer one, so the resulting frame has no
// tag in its bytes.
TEST_P(Target, InnerTagDoesNotCountTowardsTheMtu) {
  let_xdp_carry_anything_of("up");
  const VlanTag inner{.vid = 7, .pcp = 1};
  const Frame fits = sized(between("wire", "a"), kMtu);
  EXPECT_EQ(from_uplink(fits.tagged(inner).tagged(kRedVid)),
            forwarded(pushed(fits, inner), "up", "a"));
  const Frame too_big = sized(between("wire", "a"), kMtu + 1).tagged(inner).tagged(kRedVid);
  EXPECT_EQ(from_uplink(too_big), only_tc(too_big, dropped(too_big, "up from", "TOO_BIG")));
}

TEST_P(Target, OneTagBeyondTheMtuIsAllowed) {
  let_xdp_carry_anything_of("up");
  const Frame frame = sized(between("wire", "a"), kMtu).tagged(8).tagged(7).tagged(kRedVid);
  EXPECT_EQ(from_uplink(frame), only_tc(frame, dropped(frame, "up from", "TOO_BIG")));
  const Frame fits = sized(between("wire", "a"), kMtu - 4).tagged(8).tagged(7).tagged(kRedVid);
  EXPECT_EQ(from_uplink(fits).verdict, Verdict::kRedirect);
}

// For a TSO frame, the MTU applies to its segments. A test run can set gso_size but not gso_type,
// without which the kernel does not know the segments' headers. So these tests use a real TAP.
TEST_P(TargetLive, MtuAppliesToTsoSegments) {
  attach_all();
  constexpr size_t kPayload = 20000;
  const auto segment = static_cast<uint16_t>(kMtu - kHeaders4);
  for (const Frame& frame :
       {tso4(between("a", "b"), kPayload, segment), tso6(between("a", "b"), kPayload, 1400)}) {
    send("a", frame);
    EXPECT_EQ(places(frame), Places{on_xdp() ? "host" : "b"});
    size_t received = 0;
    for (const Bytes& part : seen(on_xdp() ? "host" : "b", frame)) {
      EXPECT_EQ(checksum_problems(part), "");
      received += tcp_payload(part).size();
    }
    EXPECT_EQ(received, kPayload);
  }
  EXPECT_EQ(counted(), on_xdp() ? Counts{} : (Counts{{"a from carried", 2}, {"b to carried", 2}}));
}

TEST_P(TargetLive, TsoFrameWithOversizedSegmentsIsDropped) {
  attach_all();
  const Frame frame = tso4(between("a", "b"), 20000, static_cast<uint16_t>(kMtu - kHeaders4 + 1));
  send("a", frame);
  EXPECT_EQ(places(frame), on_xdp() ? Places{"host"} : Places{});
  EXPECT_EQ(counted(), on_xdp() ? Counts{} : (Counts{{"a from TOO_BIG", 1}}));
}

TEST_P(TargetLive, TsoFrameReachesAGuestWithOffloadsUnsegmented) {
  attach_all();
  rig_.tap("b").set_offloads(kGuestOffloads);
  const Frame frame = tso4(between("a", "b"), 20000, 1400);
  send("a", frame);
  EXPECT_EQ(seen("b", frame), on_xdp() ? Frames{} : Frames{frame.bytes});
  rig_.tap("b").set_offloads(0);
}

}  // namespace
}  // namespace xvnet::test
