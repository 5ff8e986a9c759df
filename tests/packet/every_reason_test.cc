// SPDX-License-Identifier: BSD-2-Clause
//
// After all tests have run, every counted reason of maps/reasons.def must have been seen under both
// hooks. A reason that a hook cannot give is listed here with the cause. Reasons of another fate
// have no counter. Tests check them by verdict and frame:
//
// - FORWARDED, FLOODED, TO_HOST are carried: fdb_lookup_test.cc, emit_test.cc; flood_test.cc, tc
// alone.
// - ANSWERED is carried: gateway_test.cc, tc alone.
// - NOT_OURS is passed untouched: classify_test.cc, ingress_filter_test.cc, fdb_lookup_test.cc.
// - PASS_TO_TC is passed untouched by XDP alone: xdp_safe_test.cc.
#include <gtest/gtest.h>

#include <string>

#include "maps/reasons.h"
#include "pipeline_fixture.h"

namespace xvnet::test {
namespace {

struct Reason {
  const char* name;
  abi::fate fate;
};

constexpr Reason kReasons[] = {
#define REASON(name, number, fate, text) {#name, abi::FATE_##fate},
#include "maps/reasons.def"
#undef REASON
};

const std::map<std::string, std::string> kNotUnderTc = {
    {"ANSWER_FAILED",
     "the overwritten bytes have been read, so only a lack of memory can cause it"},
    {"CLONE_FAILED", "only a lack of memory can cause it"},
    {"PUSH_FAILED",
     "the only tag of an skb goes into its metadata, which needs no headroom; a second tag is "
     "never pushed"},
    {"REDIRECT_FAILED",
     "bpf_redirect() refuses only unknown flags, and does not notice a vanished device"},
};

const std::map<std::string, std::string> kNotUnderXdp = {
    {"ANSWER_FAILED", "replies are left to tc"},
    {"DHCP_UNANSWERED", "messages of DHCP clients are left to tc"},
    {"FRAGMENT_EARLY", "only tc translates"},
    {"FRAGMENTATION_NEEDED", "only tc translates"},
    {"FALSE_CHECKSUM", "XDP sees no offloads, and forwards no frame with one"},
    {"FALSE_SEGMENTS", "XDP sees no offloads, and forwards no frame with one"},
    {"HOST_UNREACHABLE", "only tc translates and routes"},
    {"MAC_UNKNOWN", "only tc translates and routes"},
    {"NAT_PORTS_EXHAUSTED", "only tc translates and routes"},
    {"NAT_PORT_CLAIMED", "XDP has no egress hook"},
    {"UNSOLICITED", "XDP has no egress hook"},
    {"NEIGHBOURS_EXHAUSTED", "only tc translates and routes"},
    {"NAT_SESSIONS_EXHAUSTED", "only tc translates and routes"},
    {"NAT_FILTERED", "only tc translates and routes"},
    {"NAT_NO_MAPPING", "only tc translates and routes"},
    {"NOT_TRANSLATABLE", "only tc translates and routes"},
    {"NO_ROUTE", "only tc translates and routes"},
    {"NOT_HOST_ADDRESS", "frames for the host's interface are left to tc"},
    {"HOST_SENDERS_EXHAUSTED", "frames for the host's interface are left to tc"},
    {"NO_CARRIER", "XDP cannot clone frames, and does not learn whether a redirect succeeds"},
    {"SOURCE_SPOOFED", "only tc translates and routes"},
    {"TTL_EXCEEDED", "only tc translates and routes"},
    {"UNROUTABLE_SOURCE", "only tc translates and routes"},
    {"TOO_BIG", "an oversized frame may be a TSO frame, so it is left to tc"},
    {"POP_FAILED", "the tag has been read, so the frame has the 18 bytes that removing it needs"},
    {"REDIRECT_FAILED",
     "the device was just found in the same map, so it would have to vanish in between"},
    {"CLONE_FAILED", "XDP cannot clone frames: floods are left to tc"},
    {"NO_RECEIVER", "floods are left to tc"},
};

class EveryReason : public ::testing::Environment {
 public:
  void TearDown() override {
    // If tests were filtered out or failed, missing reasons prove nothing.
    if (GTEST_FLAG_GET(filter) != "*" || ::testing::UnitTest::GetInstance()->Failed()) return;
    check(Hook::kTc, kNotUnderTc);
    check(Hook::kXdp, kNotUnderXdp);
  }

 private:
  static void check(Hook hook, const std::map<std::string, std::string>& impossible) {
    for (const Reason& reason : kReasons) {
      if (reason.fate != abi::FATE_DROPPED && reason.fate != abi::FATE_NOTED) continue;
      const bool seen = reasons_seen()[hook].contains(reason.name);
      if (reasons_out_of_reach()[hook].contains(reason.name)) continue;
      const bool possible = !impossible.contains(reason.name);
      EXPECT_EQ(seen, possible) << reason.name << (hook == Hook::kXdp ? " under XDP" : " under tc");
    }
  }
};

const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new EveryReason);

}  // namespace
}  // namespace xvnet::test
