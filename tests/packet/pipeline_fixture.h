// SPDX-License-Identifier: BSD-2-Clause
//
// A packet test states a frame, a program and the expected outcome:
//
//   TEST_P(IngressFilter, TaggedFrameFromVmIsDropped) {
//     const Frame frame = tcp4(between("a", "b")).tagged(kRedVid);
//     EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "VLAN_TAGGED"));
//   }
//   INSTANTIATE_TEST_SUITE_P(Hooks, IngressFilter, both_hooks(), hook_name);
//
// rig.h describes "a" and the other places.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "outcome.h"
#include "rig.h"

namespace xvnet::test {

class Pipeline : public ::testing::TestWithParam<Hook> {
 protected:
  Pipeline();

  bool on_xdp() const { return GetParam() == Hook::kXdp; }
  // The expected outcome of a frame that only tc can handle. XDP passes it unmodified.
  Outcome only_tc(const Frame& frame, const Outcome& on_tc) const {
    return on_xdp() ? left(frame) : on_tc;
  }
  // A frame with a tag that xvnet pushed. On tc, the tag is in the skb's metadata, which a test run
  // does not return. The TagLive tests see the tag come out of a device.
  Frame pushed(const Frame& frame, const VlanTag& tag) const;
  Frame pushed(const Frame& frame, uint16_t vid) const {
    return pushed(frame, VlanTag{.vid = vid});
  }

  Outcome from_vm(const std::string& port, const Frame& frame, const RunOptions& options = {});
  Outcome from_uplink(const Frame& frame, const RunOptions& options = {});
  Outcome from_host(const Frame& frame, const RunOptions& options = {});

  // skb->mark after the last run.
  uint32_t mark() const { return mark_; }
  // The flood copies that the VM of a port, or the wire at "up", got since the last call. A test
  // run makes these copies, but it does not execute the final redirect.
  Frames copies_at(const std::string& name);
  // The device at which a MAC is learned, or "" when the MAC is unknown.
  std::string learnt_at(uint32_t network, const std::string& mac) const;

  // Ends with the MACs of two places.
  static Ends between(const std::string& from, const std::string& to);
  static Ends broadcast_of(const std::string& from);

  // The frames of tests/support, with a checksum that cannot be taken for a partial one. By chance,
  // one complete checksum in 30,000 looks partial, and XDP leaves such a frame to tc.
  static Frame tcp4(const Ends& ends, size_t payload = kSmallPayload);
  static Frame tcp6(const Ends& ends, size_t payload = kSmallPayload);
  static Frame icmp4_echo(const Ends& ends);
  static Frame icmp6_echo(const Ends& ends);

  Rig& rig_;

 private:
  Outcome run(Program program, const std::string& name, const Frame& frame,
              const RunOptions& options);

  uint32_t mark_ = 0;
};

inline auto both_hooks() { return ::testing::Values(Hook::kTc, Hook::kXdp); }
// For features that only tc has.
inline auto tc_alone() { return ::testing::Values(Hook::kTc); }
inline auto xdp_alone() { return ::testing::Values(Hook::kXdp); }
inline std::string hook_name(const ::testing::TestParamInfo<Hook>& info) {
  return info.param == Hook::kXdp ? "xdp" : "tc";
}

// Every reason that any test has seen counted so far, for every_reason_test.cc.
std::map<Hook, std::set<std::string>>& reasons_seen();
// The reasons that this kernel cannot cause. A test that is skipped adds its reason here.
std::map<Hook, std::set<std::string>>& reasons_out_of_reach();
void note_reasons(Hook hook, const Counts& counted);

}  // namespace xvnet::test
