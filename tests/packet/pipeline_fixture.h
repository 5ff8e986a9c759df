// SPDX-License-Identifier: BSD-2-Clause
//
// Frame in, program, expected:
//
//   TEST_P(Admit, ATaggedFrameOfAVmIsDropped) {
//     const Frame frame = tcp4(between("a", "b")).tagged(kRedVid);
//     EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "VLAN_TAGGED"));
//   }
//   INSTANTIATE_TEST_SUITE_P(Hooks, Admit, both_hooks(), hook_name);
//
// Who "a" is: rig.h.
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
  // What is expected of a frame that only tc can carry: XDP leaves it whole.
  Outcome only_tc(const Frame& frame, const Outcome& on_tc) const {
    return on_xdp() ? left(frame) : on_tc;
  }
  // A frame with a tag that xvnet pushed: on tc it is in the skb's metadata, which a test run does
  // not give back. The tests named Tag see it come out of a device.
  Frame pushed(const Frame& frame, const VlanTag& tag) const;
  Frame pushed(const Frame& frame, uint16_t vid) const {
    return pushed(frame, VlanTag{.vid = vid});
  }

  Outcome from_vm(const std::string& port, const Frame& frame, const RunOptions& options = {});
  Outcome from_uplink(const Frame& frame, const RunOptions& options = {});
  Outcome from_host(const Frame& frame, const RunOptions& options = {});

  // skb->mark after the last run.
  uint32_t mark() const { return mark_; }
  // What the VM of a port, or the wire at "up", got since the last call: copies of a flood. A test
  // run makes them; the redirect of the frame itself it does not make.
  Frames copies_at(const std::string& name);
  // Where a MAC is: a device's name, or "" when it is unknown.
  std::string learnt_at(uint32_t network, const std::string& mac) const;

  // Ends whose MACs are those of two places.
  static Ends between(const std::string& from, const std::string& to);
  static Ends broadcast_of(const std::string& from);

  // The frames of tests/support, with a checksum that no sender of an unfinished one could have
  // left there. One complete frame in 30,000 has such a checksum by chance, and is left to tc for
  // it.
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
// For what exists under tc only.
inline auto tc_alone() { return ::testing::Values(Hook::kTc); }
inline auto xdp_alone() { return ::testing::Values(Hook::kXdp); }
inline std::string hook_name(const ::testing::TestParamInfo<Hook>& info) {
  return info.param == Hook::kXdp ? "xdp" : "tc";
}

// Every reason that any test has seen counted so far, for every_reason_test.cc.
std::map<Hook, std::set<std::string>>& reasons_seen();
// Those that this kernel gives no means to bring about: a test that is skipped says so here.
std::map<Hook, std::set<std::string>>& reasons_out_of_reach();
void note_reasons(Hook hook, const Counts& counted);

}  // namespace xvnet::test
