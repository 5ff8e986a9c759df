// SPDX-License-Identifier: BSD-2-Clause
#include "outcome.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <iomanip>
#include <ostream>

namespace xvnet::test {

namespace {

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kDrop:
      return "drop";
    case Verdict::kRedirect:
      return "redirect";
    case Verdict::kOther:
      break;
  }
  return "another verdict";
}

void read_direction(Counts& counts, const std::string& where,
                    const abi::direction_stats& direction) {
  counts[where + " carried"] = direction.packets;
  counts[where + " bytes"] = direction.bytes;
  for (uint32_t i = 0; i < abi::REASON_LIMIT; ++i) {
    if (direction.reasons[i] != 0) counts[where + " " + reason_name(i)] = direction.reasons[i];
  }
}

// Prints enough bytes to tell one frame from another.
void print_bytes(std::ostream& out, const Bytes& bytes) {
  constexpr size_t kShown = 64;
  out << bytes.size() << " bytes:" << std::hex << std::setfill('0');
  for (size_t i = 0; i < bytes.size() && i < kShown; ++i) {
    out << (i % 2 == 0 ? " " : "") << std::setw(2) << static_cast<int>(bytes[i]);
  }
  out << std::dec;
}

}  // namespace

void PrintTo(const Frames& frames, std::ostream* out) {
  *out << frames.size() << " frames";
  for (const Bytes& bytes : frames) print_bytes(*out << "\n  ", bytes);
}

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  out << name_of(outcome.verdict) << ", counted {";
  for (const auto& [what, times] : outcome.counted) out << " " << what << " x" << times;
  print_bytes(out << " }, ", outcome.bytes);
  return out;
}

Verdict verdict_of(Hook hook, int code) {
  const bool xdp = hook == Hook::kXdp;
  if (code == (xdp ? static_cast<int>(XDP_PASS) : TC_ACT_UNSPEC)) return Verdict::kPass;
  if (code == (xdp ? static_cast<int>(XDP_DROP) : TC_ACT_SHOT)) return Verdict::kDrop;
  if (code == (xdp ? static_cast<int>(XDP_REDIRECT) : TC_ACT_REDIRECT)) return Verdict::kRedirect;
  return Verdict::kOther;
}

Outcome dropped(const Frame& frame, const std::string& where, const std::string& reason) {
  return {Verdict::kDrop, frame.bytes, {{where + " " + reason, 1}}};
}

Outcome forwarded(const Frame& out, const std::string& from, const std::string& to) {
  return {Verdict::kRedirect, out.bytes, {{from + " from carried", 1}, {to + " to carried", 1}}};
}

Outcome left(const Frame& frame) { return {Verdict::kPass, frame.bytes, {}}; }

Counts read_counters(const Rig& rig) {
  Counts counts;
  for (const std::string& name : rig.names()) {
    const abi::stats stats = rig.stats(name);
    read_direction(counts, name + " from", stats.from);
    read_direction(counts, name + " to", stats.to);
  }
  return counts;
}

Counts difference(const Counts& before, const Counts& after) {
  Counts moved;
  for (const auto& [what, times] : after) {
    const auto old = before.find(what);
    const uint64_t more = times - (old == before.end() ? 0 : old->second);
    if (more != 0) moved[what] = more;
  }
  return moved;
}

}  // namespace xvnet::test
