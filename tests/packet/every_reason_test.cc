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
    {"ANSWER_FAILED", "what is written over has been read; only memory may be lacking"},
    {"CLONE_FAILED", "only memory may be lacking"},
    {"PUSH_FAILED",
     "the only tag of an skb goes into its metadata, which takes no room; a second is never "
     "pushed"},
    {"REDIRECT_FAILED",
     "bpf_redirect() refuses nothing but unknown flags; a device that went since is not noticed"},
};

const std::map<std::string, std::string> kNotUnderXdp = {
    {"ANSWER_FAILED", "answers are left to tc"},
    {"DHCP_UNANSWERED", "what a client says is left to tc"},
    {"FRAGMENT_EARLY", "the NAT is tc's"},
    {"FRAGMENTATION_NEEDED", "the NAT is tc's, and so are the next ten"},
    {"FALSE_CHECKSUM", "XDP sees no offloads, and carries none"},
    {"FALSE_SEGMENTS", "so"},
    {"HOST_UNREACHABLE", "tc's"},
    {"MAC_UNKNOWN", "tc's"},
    {"NAT_PORTS_EXHAUSTED", "tc's"},
    {"NAT_PORT_CLAIMED", "XDP has no egress"},
    {"UNSOLICITED", "XDP has no egress"},
    {"NEIGHBOURS_EXHAUSTED", "tc's"},
    {"NAT_SESSIONS_EXHAUSTED", "tc's"},
    {"NAT_FILTERED", "tc's"},
    {"NAT_NO_MAPPING", "tc's"},
    {"NOT_TRANSLATABLE", "tc's"},
    {"NO_ROUTE", "tc's"},
    {"NOT_HOST_ADDRESS", "what is for the host's interface is left to tc"},
    {"HOST_SENDERS_EXHAUSTED", "so"},
    {"NO_CARRIER", "XDP cannot copy, and of a redirect it is not told"},
    {"SOURCE_SPOOFED", "tc's"},
    {"TTL_EXCEEDED", "tc's"},
    {"UNROUTABLE_SOURCE", "tc's"},
    {"TOO_BIG", "a frame that is too long may be one to segment: left to tc"},
    {"POP_FAILED", "the tag has been read, so there are the 18 bytes that taking it off needs"},
    {"REDIRECT_FAILED",
     "the device was found in the same map just before: it would have to go in between"},
    {"CLONE_FAILED", "XDP cannot copy: floods are left to tc"},
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
