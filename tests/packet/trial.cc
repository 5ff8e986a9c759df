// SPDX-License-Identifier: BSD-2-Clause
#include "trial.h"

#include <linux/if_ether.h>
#include <poll.h>

#include <algorithm>
#include <span>
#include <sstream>

#include "frame_view.h"
#include "recipe_frame.h"

namespace xvnet::test {

namespace {

constexpr uint32_t kOwnMark = 0x78766e74;  // docs/packet-path.md

// Pads the frame to the minimum of a test run: one byte behind the Ethernet header, or a whole IP
// header.
Bytes made_runnable(Bytes frame) {
  constexpr size_t kIpv6 = 40;
  frame.resize(std::max<size_t>(frame.size(), ETH_HLEN + 1));
  const uint16_t type = get_be16(frame, 2 * ETH_ALEN);
  if (type == ETH_P_IP || type == ETH_P_IPV6)
    frame.resize(std::max(frame.size(), ETH_HLEN + kIpv6));
  return frame;
}

Sent sent_by(const Step& from, std::span<const Step> layers) {
  Sent sent;
  sent.from = device_of(from.values[0]);
  if (sent.from.empty()) sent.from = "a";
  sent.own_mark = from.values[1] != 0;
  sent.frame = made_runnable(build_frame(layers));
  if (sent.from == "up") sent.program = Program::kFromUplink;
  if (sent.from == "host") {
    sent.program = Program::kFromHost;
    sent.from = "up";
  }
  return sent;
}

std::string print(const Outcome& outcome) {
  std::ostringstream text;
  text << outcome;
  return text.str();
}

const char* name_of(Hook hook) { return hook == Hook::kXdp ? "xdp" : "tc"; }

class Trial {
 public:
  Trial(Rig& rig, const Observer& observe) : rig_(rig), observe_(observe) {}

  // The hooks take turns in running first, so that each of them learns MACs.
  void send(const Sent& sent) {
    world_ = read_world(rig_);
    const bool tc_alone = sent.program == Program::kFromHost || sent.own_mark;
    const bool xdp_first = ++frames_ % 2 == 0;
    if (!tc_alone && xdp_first) run(Hook::kXdp, sent);
    const auto first = run(Hook::kTc, sent);
    const auto on_tc = run(Hook::kTc, sent);
    if (first != on_tc) find(Hook::kTc, sent, "the second run differs from the first");
    if (tc_alone || !on_tc) return;
    if (!xdp_first) run(Hook::kXdp, sent);
    const auto on_xdp = run(Hook::kXdp, sent);
    if (on_xdp) compare_hooks(sent, *on_tc, *on_xdp);
  }

  std::vector<std::string> findings;

 private:
  std::optional<Outcome> run(Hook hook, const Sent& sent) {
    const auto predicted = predict(world_, hook, sent);
    if (!predicted) return std::nullopt;
    if (observe_) observe_({hook, sent, *predicted});
    Outcome outcome = outcome_of(hook, sent);
    compare(hook, sent, *predicted, outcome);
    read_learnt(rig_, world_);
    if (fresh_entries(world_.fdb) != predicted->fdb)
      find(hook, sent, "learned other MACs than expected");
    return outcome;
  }

  Outcome outcome_of(Hook hook, const Sent& sent) {
    const Counts before = read_counters(rig_);
    const RunOptions options = {.mark = sent.own_mark ? kOwnMark : 0, .metadata_size = 0};
    const RunResult result =
        rig_.run(hook, sent.program, rig_.ifindex(sent.from), sent.frame, options);
    const Verdict verdict = verdict_of(hook, result.code);
    if (sent.own_mark && verdict == Verdict::kPass && result.mark != 0)
      find(hook, sent, "left the mark on the frame");
    return {verdict, result.bytes, difference(before, read_counters(rig_))};
  }

  void compare(Hook hook, const Sent& sent, const Prediction& predicted, const Outcome& outcome) {
    Outcome expected = predicted.outcome;
    if (expected.verdict == Verdict::kDrop) expected.bytes = outcome.bytes;
    if (outcome != expected)
      find(hook, sent, "expected " + print(expected) + "\n  got " + print(outcome));
    std::map<std::string, std::vector<Bytes>> copies;
    for (const auto& [name, frame] : predicted.copies) copies[name] = {frame};
    if (received(rig_) != copies) find(hook, sent, "the copies differ from the expected flood");
  }

  // XDP either leaves a frame unmodified or does what tc does. Under tc, a tag may be in metadata.
  void compare_hooks(const Sent& sent, const Outcome& on_tc, const Outcome& on_xdp) {
    if (on_xdp.verdict == Verdict::kPass) {
      if (on_xdp.bytes != sent.frame || !on_xdp.counted.empty())
        find(Hook::kXdp, sent, "passed the frame, but modified it");
      return;
    }
    // XDP treats a truncated second tag as payload. tc has to move it to metadata and fails.
    if (on_tc.counted.contains(sent.from + " from POP_FAILED")) return;
    const bool as_tc = on_xdp.verdict == on_tc.verdict && on_xdp.counted == on_tc.counted;
    const bool dropped = on_xdp.verdict == Verdict::kDrop;
    const bool same_frame =
        dropped || on_tc.bytes == on_xdp.bytes || on_tc.bytes == without_tag(on_xdp.bytes);
    if (as_tc && same_frame) return;
    find(Hook::kXdp, sent, print(on_xdp) + "\n  but tc " + print(on_tc));
  }

  void find(Hook hook, const Sent& sent, const std::string& what) {
    findings.push_back(std::string(name_of(hook)) + ", frame " + std::to_string(frames_) +
                       " from " + sent.from + ": " + what + "\n  sent " +
                       print({Verdict::kOther, sent.frame, {}}));
  }

  Rig& rig_;
  const Observer& observe_;
  World world_;
  int frames_ = 0;
};

}  // namespace

std::map<std::string, std::vector<Bytes>> received(Rig& rig) {
  std::vector<pollfd> ends;
  for (const std::string& name : rig.names())
    ends.push_back({.fd = rig.tap(name).fd(), .events = POLLIN, .revents = 0});
  std::map<std::string, std::vector<Bytes>> frames;
  if (poll(ends.data(), ends.size(), 0) <= 0) return frames;
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i].revents == 0) continue;
    const std::string& name = rig.names()[i];
    while (auto frame = rig.tap(name).receive()) frames[name].push_back(std::move(frame->bytes));
  }
  return frames;
}

void each_frame(Rig& rig, const Recipe& recipe, const std::function<void(const Sent&)>& send) {
  const auto is_part = [](const Step& step) { return step.op > Op::kFrom; };
  for (auto at = recipe.begin(); at != recipe.end();) {
    const auto next = std::find_if_not(at + 1, recipe.end(), is_part);
    if (is_of_tables(at->op)) change_tables(rig, *at);
    if (at->op == Op::kFrom) send(sent_by(*at, {at + 1, next}));
    at = next;
  }
}

std::vector<std::string> try_recipe(Rig& rig, const Recipe& recipe, const Observer& observe) {
  rig.reset();
  Trial trial(rig, observe);
  each_frame(rig, recipe, [&](const Sent& sent) { trial.send(sent); });
  return std::move(trial.findings);
}

}  // namespace xvnet::test
