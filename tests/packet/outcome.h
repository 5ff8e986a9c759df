// SPDX-License-Identifier: BSD-2-Clause
//
// The outcome of a frame. Tests compare the actual with the expected one.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "frame.h"
#include "rig.h"

namespace xvnet::test {

// A hook-independent verdict. kPass is XDP_PASS, or on tc TC_ACT_UNSPEC, which lets later filters
// decide.
enum class Verdict { kPass, kDrop, kRedirect, kOther };

// How much each counter grew: {"a from carried", 1}, {"b to TOO_BIG", 1}. "from" and "to" are the
// host's view.
using Counts = std::map<std::string, uint64_t>;

struct Outcome {
  Verdict verdict = Verdict::kOther;
  Bytes bytes;
  Counts counted;

  bool operator==(const Outcome&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

// The frames that came out of a device, in order.
struct Frames : std::vector<Bytes> {
  using std::vector<Bytes>::vector;
};
void PrintTo(const Frames& frames, std::ostream* out);

Verdict verdict_of(Hook hook, int code);

// The frame is dropped unmodified and counted at one place: dropped(frame, "a from", "HAIRPIN").
Outcome dropped(const Frame& frame, const std::string& where, const std::string& reason);
// The frame is redirected as `out` and counted as carried at both interfaces.
Outcome forwarded(const Frame& out, const std::string& from, const std::string& to);
// The frame passes unmodified and uncounted, either to the host or from XDP to tc. A test run
// cannot tell these two apart.
Outcome left(const Frame& frame);

// All counters of the rig, with the names of Counts, and the byte counters as "a from bytes".
Counts read_counters(const Rig& rig);
Counts difference(const Counts& before, const Counts& after);

}  // namespace xvnet::test
