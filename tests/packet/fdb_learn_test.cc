// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/fdb_learn.h: learns the interface of a source MAC, within that interface's own slots.
#include <linux/if_ether.h>

#include <algorithm>
#include <cstdio>

#include "nat_fixture.h"
#include "pipeline_fixture.h"

namespace xvnet::test {
namespace {

constexpr uint32_t kAttempts = 8;  // slots that one frame may try
constexpr uint64_t kSecond = 1'000'000'000;

class Learn : public Pipeline {
 protected:
  abi::fdb_entry entry(uint32_t network, const std::string& mac) const {
    return rig_.tables().fdb.find(fdb_key(network, mac)).value_or(abi::fdb_entry{});
  }
  abi::learner learner(const std::string& interface) const {
    return rig_.tables()
        .learners.find({.network = kRed, .ifindex = rig_.ifindex(interface)})
        .value();
  }
  static Frame from(const std::string& mac) { return tcp4(Ends::between(mac, mac_of("b"))); }
  // The outcome of a frame at "a" whose unknown source MAC finds no free slot.
  static Outcome full(const Frame& frame) {
    Outcome outcome = forwarded(frame, "a", "b");
    outcome.counted["a from FDB_FULL"] = 1;
    return outcome;
  }
  // Puts live MACs into the slots of "a" from `first` up to `limit`.
  void fill(uint32_t first, uint32_t limit) {
    for (uint32_t slot = first; slot < limit; ++slot) {
      rig_.set_learnt(kRed, "a", numbered_mac(slot), slot, monotonic_ns());
    }
  }
  void expect_seen_just_now(const std::string& mac, uint64_t not_before) const {
    const abi::fdb_entry found = entry(kRed, mac);
    // The programs read a coarse clock that may be one tick behind.
    EXPECT_GE(found.last_seen_ns + kSecond / 10, not_before);
    EXPECT_LE(found.last_seen_ns, monotonic_ns());
  }
  static std::string numbered_mac(uint32_t number) {
    char text[18];
    std::snprintf(text, sizeof(text), "02:00:00:01:%02x:%02x", number >> 8 & 0xff, number & 0xff);
    return text;
  }
  static uint64_t aged() { return monotonic_ns() - kAgeingNs - kSecond; }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Learn, both_hooks(), hook_name);

TEST_P(Learn, NewMacIsLearnedAtItsPort) {
  const uint64_t start = monotonic_ns();
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "a");
  EXPECT_EQ(learnt_at(kBlue, mac_of("new")), "");
  expect_seen_just_now(mac_of("new"), start);
  const abi::fdb_entry found = entry(kRed, mac_of("new"));
  EXPECT_EQ(learner("a").slots[found.slot], slot_of(mac_of("new")));
}

TEST_P(Learn, NewMacFromTheWireIsLearnedAtTheUplink) {
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_uplink(frame.tagged(kRedVid)), forwarded(frame, "up", "b"));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "up");
  EXPECT_EQ(learnt_at(kPlain, mac_of("new")), "");
}

TEST_P(Learn, KnownMacIsRefreshedOnceASecond) {
  const uint64_t start = monotonic_ns();
  const uint64_t old = start - 2 * kSecond;
  rig_.set_learnt(kRed, "a", mac_of("a"), 0, old);
  from_vm("a", from(mac_of("a")));
  expect_seen_just_now(mac_of("a"), start);
}

// A time in the future counts as "less than a second ago", however slow the machine is.
TEST_P(Learn, FreshMacIsNotRewritten) {
  const uint64_t fresh = monotonic_ns() + 10 * kSecond;
  rig_.set_learnt(kRed, "a", mac_of("a"), 0, fresh);
  EXPECT_EQ(from_vm("a", from(mac_of("a"))).verdict, Verdict::kRedirect);
  EXPECT_EQ(entry(kRed, mac_of("a")).last_seen_ns, fresh);
}

TEST_P(Learn, MacMovesToThePortThatSendsFromIt) {
  const Frame frame = tcp4(between("c", "b"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  EXPECT_EQ(learnt_at(kRed, mac_of("c")), "a");
  const Frame reply = tcp4(between("b", "c"));
  EXPECT_EQ(from_vm("b", reply), forwarded(reply, "b", "a"));
}

TEST_P(Learn, AMacMovesBetweenAPortAndTheWire) {
  from_vm("a", tcp4(between("wire", "b")));
  EXPECT_EQ(learnt_at(kRed, mac_of("wire")), "a");
  EXPECT_EQ(learnt_at(kBlue, mac_of("wire")), "up");
  from_uplink(tcp4(between("wire", "b")).tagged(kRedVid));
  EXPECT_EQ(learnt_at(kRed, mac_of("wire")), "up");
}

TEST_P(Learn, MovedMacFreesItsSlotAndKeepsItsEntry) {
  rig_.set_learner(kRed, "a", 1);
  rig_.set_learnt(kRed, "a", mac_of("a"), 0, monotonic_ns());
  rig_.set_learner(kRed, "c", 1);  // the learner of c also assigns slot 0
  from_vm("c", tcp4(between("a", "b")));
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "a");
  EXPECT_EQ(learnt_at(kRed, mac_of("a")), "c");
}

TEST_P(Learn, StaticMacIsNotMoved) {
  rig_.set_entry(kRed, "c", mac_of("c"), abi::FDB_SLOT_STATIC);
  from_vm("a", tcp4(between("c", "b")));
  from_uplink(tcp4(between("c", "b")).tagged(kRedVid));
  EXPECT_EQ(learnt_at(kRed, mac_of("c")), "c");
  EXPECT_EQ(entry(kRed, mac_of("c")).slot, static_cast<uint32_t>(abi::FDB_SLOT_STATIC));
  EXPECT_EQ(entry(kRed, mac_of("c")).last_seen_ns, 0u);
}

TEST_P(Learn, StaticMacOfAVanishedDeviceIsRelearned) {
  rig_.set_entry(kRed, "c", mac_of("c"), abi::FDB_SLOT_STATIC);
  rig_.tables().devices.erase(rig_.ifindex("c"));
  from_vm("a", tcp4(between("c", "b")));
  EXPECT_EQ(learnt_at(kRed, mac_of("c")), "a");
}

TEST_P(Learn, HostsMacIsNotMoved) {
  from_vm("e", tcp4(between("host", "f")));
  from_uplink(tcp4(between("host", "f")));
  EXPECT_EQ(learnt_at(kPlain, mac_of("host")), "up");
  EXPECT_EQ(entry(kPlain, mac_of("host")).slot, static_cast<uint32_t>(abi::FDB_SLOT_HOST));
}

TEST_P(Learn, AgedMacIsLearnedAgain) {
  const uint64_t start = monotonic_ns();
  rig_.set_learnt(kRed, "a", mac_of("a"), 0, aged());
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  EXPECT_EQ(learnt_at(kRed, mac_of("a")), "a");
  expect_seen_just_now(mac_of("a"), start);
}

TEST_P(Learn, AnInterfaceLearnsUpToItsLimit) {
  for (const uint32_t limit :
       {1u, 2u, kAttempts, kAttempts + 1, 64u, uint32_t{MAX_LEARNER_SLOTS}}) {
    rig_.set_learner(kRed, "a", limit);
    rig_.tables().fdb.clear();
    rig_.set_entry(kRed, "b", mac_of("b"), abi::FDB_SLOT_STATIC);
    for (uint32_t i = 0; i < limit; ++i) {
      const Frame frame = from(numbered_mac(i));
      ASSERT_EQ(from_vm("a", frame), forwarded(frame, "a", "b")) << i << " of " << limit;
    }
    for (uint32_t i = 0; i < 3; ++i) {
      const Frame frame = from(numbered_mac(limit + i));
      EXPECT_EQ(from_vm("a", frame), full(frame)) << limit;
    }
    EXPECT_EQ(rig_.tables().fdb.keys().size(), limit + 1);
    for (uint32_t i = 0; i < limit; ++i)
      EXPECT_EQ(learnt_at(kRed, numbered_mac(i)), "a") << i << " of " << limit;
  }
}

TEST_P(Learn, TheUplinkHasALimitInEachNetwork) {
  for (uint32_t i = 1; i < kMacsPerPort; ++i) from_uplink(from(numbered_mac(i)).tagged(kRedVid));
  const Frame frame = from(numbered_mac(kMacsPerPort));
  Outcome expected = forwarded(frame, "up", "b");
  expected.counted["up from FDB_FULL"] = 1;
  EXPECT_EQ(from_uplink(frame.tagged(kRedVid)), expected);
  const Frame blue = tcp4(Ends::between(numbered_mac(kMacsPerPort), mac_of("d")));
  EXPECT_EQ(from_uplink(blue.tagged(kBlueVid)), forwarded(blue, "up", "d"));
  EXPECT_EQ(learnt_at(kBlue, numbered_mac(kMacsPerPort)), "up");
}

TEST_P(Learn, FullPortForwardsAndKeepsItsMacs) {
  fill(1, kMacsPerPort);
  const Frame unknown = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", unknown), full(unknown));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "");
  const Frame known = from(numbered_mac(1));
  EXPECT_EQ(from_vm("a", known), forwarded(known, "a", "b"));
}

TEST_P(Learn, FullPortDoesNotAffectOthers) {
  fill(1, kMacsPerPort);
  for (uint32_t i = 100; i < 200; ++i) from_vm("a", from(numbered_mac(i)));
  for (const std::string name : {"a", "b", "c", "wire"}) {
    EXPECT_EQ(learnt_at(kRed, mac_of(name)), name == "wire" ? "up" : name);
  }
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("c", frame), forwarded(frame, "c", "b"));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "c");
}

TEST_P(Learn, MacCannotMoveToAFullPort) {
  fill(1, kMacsPerPort);
  const Frame frame = tcp4(between("c", "b"));
  EXPECT_EQ(from_vm("a", frame), full(frame));
  EXPECT_EQ(learnt_at(kRed, mac_of("c")), "c");
}

TEST_P(Learn, ALimitOfZeroLearnsNothing) {
  rig_.set_learner(kRed, "a", 0);
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", frame), full(frame));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "");
}

TEST_P(Learn, NothingIsLearnedWithoutALearner) {
  rig_.tables().learners.erase({.network = kRed, .ifindex = rig_.ifindex("a")});
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", frame), full(frame));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "");
}

TEST_P(Learn, AnAgedSlotIsReclaimedAndItsEntryRemoved) {
  fill(1, kMacsPerPort);
  rig_.set_learnt(kRed, "a", numbered_mac(2), 2, aged());
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  EXPECT_EQ(learnt_at(kRed, mac_of("new")), "a");
  EXPECT_EQ(entry(kRed, mac_of("new")).slot, 2u);
  EXPECT_EQ(learnt_at(kRed, numbered_mac(2)), "");
  EXPECT_EQ(learnt_at(kRed, numbered_mac(1)), "a");
  EXPECT_EQ(learnt_at(kRed, numbered_mac(3)), "a");
}

TEST_P(Learn, SlotOfAMacThatBecameStaticIsFree) {
  fill(1, kMacsPerPort);
  rig_.set_entry(kRed, "a", numbered_mac(2), abi::FDB_SLOT_STATIC);
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  EXPECT_EQ(entry(kRed, mac_of("new")).slot, 2u);
  EXPECT_EQ(learnt_at(kRed, numbered_mac(2)), "a");
}

TEST_P(Learn, OneFrameTriesEightSlots) {
  constexpr uint32_t kLimit = 64;
  constexpr uint32_t kFree = 2 * kAttempts + 4;
  rig_.set_learner(kRed, "a", kLimit);
  fill(0, kLimit);
  rig_.set_learnt(kRed, "a", numbered_mac(kFree), kFree, aged());
  for (uint32_t tried = kAttempts; tried <= 2 * kAttempts; tried += kAttempts) {
    const Frame frame = from(mac_of("new"));
    EXPECT_EQ(from_vm("a", frame), full(frame));
    EXPECT_EQ(learner("a").hand, tried);
  }
  const Frame frame = from(mac_of("new"));
  EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b"));
  EXPECT_EQ(entry(kRed, mac_of("new")).slot, kFree);
  EXPECT_EQ(learnt_at(kRed, numbered_mac(kFree)), "");
}

TEST_P(Learn, SearchRestartsBeyondALoweredLimit) {
  const abi::learner_key key = {.network = kRed, .ifindex = rig_.ifindex("a")};
  abi::learner lowered = learner("a");
  lowered.hand = MAX_LEARNER_SLOTS;
  rig_.tables().learners.put(key, lowered);
  from_vm("a", from(mac_of("new")));
  EXPECT_EQ(entry(kRed, mac_of("new")).slot, 1u);
}

TEST_P(Learn, DroppedFrameCountsItsUnlearnedSource) {
  rig_.set_learner(kRed, "a", 0);
  const Frame frame = tcp4(between("new", "a"));
  Outcome expected = dropped(frame, "a from", "HAIRPIN");
  expected.counted["a from FDB_FULL"] = 1;
  EXPECT_EQ(from_vm("a", frame), expected);
}

// tc sees the same frame again and counts it then.
TEST_P(Learn, FramePassedToTcIsNotCountedTwice) {
  rig_.set_learner(kRed, "a", 0);
  const Frame frame = udp4(between("new", "b"));
  EXPECT_EQ(from_vm("a", frame), only_tc(frame, full(frame)));
}

// If the MAC were not learned, the host would flood its answers, because it is a member of the
// untagged network.
class LearnNatRemote : public NatFixture {};
INSTANTIATE_TEST_SUITE_P(Hooks, LearnNatRemote, tc_alone(), hook_name);

TEST_P(LearnNatRemote, LearnsTheSenderToAPublicAddress) {
  Frame frame = in(Protocol::kUdp, kRedFirstPort);
  std::ranges::copy(parse_mac(test::mac_of("new")), frame.bytes.begin() + ETH_ALEN);
  from_uplink(frame);
  EXPECT_EQ(learnt_at(kPlain, test::mac_of("new")), "up");
}

}  // namespace
}  // namespace xvnet::test
