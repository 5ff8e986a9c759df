// SPDX-License-Identifier: BSD-2-Clause
//
// What came of a frame, and what was expected to: tests compare the two.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "frame.h"
#include "rig.h"

namespace xvnet::test {

// A hook's verdict, whatever its number there. Pass: XDP_PASS, and on tc TC_ACT_UNSPEC, which lets
// others decide.
enum class Verdict { kPass, kDrop, kRedirect, kOther };

// What moved, by how much: {"a from carried", 1}, {"b to TOO_BIG", 1}. "from" and "to" are the
// host's view.
using Counts = std::map<std::string, uint64_t>;

struct Outcome {
  Verdict verdict = Verdict::kOther;
  Bytes bytes;
  Counts counted;

  bool operator==(const Outcome&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

// What came out of a device, in order.
struct Frames : std::vector<Bytes> {
  using std::vector<Bytes>::vector;
};
void PrintTo(const Frames& frames, std::ostream* out);

Verdict verdict_of(Hook hook, int code);

// Dropped unchanged, counted at one place: dropped(frame, "a from", "HAIRPIN").
Outcome dropped(const Frame& frame, const std::string& where, const std::string& reason);
// Redirected as `out`, counted as carried at both.
Outcome forwarded(const Frame& out, const std::string& from, const std::string& to);
// Passed on untouched and uncounted: to the host, or by XDP to tc. Neither can be told from the
// other here.
Outcome left(const Frame& frame);

// All counters of the rig, by the names of Counts; "a from bytes" besides.
Counts read_counters(const Rig& rig);
Counts difference(const Counts& before, const Counts& after);

}  // namespace xvnet::test
