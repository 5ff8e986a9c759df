// SPDX-License-Identifier: BSD-2-Clause
#include "delivery.h"

#include <linux/if_ether.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "frame_view.h"

namespace xvnet::test {

namespace {

constexpr uint32_t kFirst = 1;
constexpr uint32_t kBehind = 2;

// Before any program runs, the kernel drops a tagged frame that lacks 4 bytes behind its first tag.
// tc drops a frame whose second tag is cut (docs/fuzzing.md).
bool is_sendable(const Sent& sent) {
  constexpr size_t kTwoTags = ETH_HLEN + 8;
  if (sent.program == Program::kFromHost || sent.own_mark || sent.from == "stranger") return false;
  return view(sent.frame).tag_type == 0 || sent.frame.size() >= kTwoTags;
}

// Delivery attaches the uplink's programs to "up" only, but a recipe may make another device an
// uplink.
bool are_uplinks_attached(const World& world) {
  return std::ranges::all_of(world.networks, [](const auto& network) {
    return network.second.uplink.empty() || network.second.uplink == "up";
  });
}

size_t count(const std::map<std::string, std::multiset<Bytes>>& frames) {
  size_t sum = 0;
  for (const auto& [name, list] : frames) sum += list.size();
  return sum;
}

void print(std::ostream& out, const std::map<std::string, std::multiset<Bytes>>& frames) {
  for (const auto& [name, list] : frames) {
    for (const Bytes& frame : list) out << "\n  " << name << " " << Outcome{{}, frame, {}};
  }
}

}  // namespace

Delivery::Delivery(Rig& rig, Hook mode)
    : rig_(rig), to_host_(load_redirect_all(rig.ifindex("host"))) {
  for (const std::string& port : Rig::ports()) attach(Program::kFromVm, port, mode);
  attach(Program::kFromUplink, "up", mode);
  filter("up", rig_.program_fd(Hook::kTc, Program::kFromHost), TcPoint::kEgress, kFirst);
}

void Delivery::filter(const std::string& name, int program, TcPoint point, uint32_t priority) {
  filters_.push_back(
      std::make_unique<TcFilter>(rig_.ns(), rig_.ifindex(name), program, point, priority));
}

void Delivery::attach(Program program, const std::string& name, Hook mode) {
  filter(name, rig_.program_fd(Hook::kTc, program), TcPoint::kIngress, kFirst);
  filter(name, to_host_.get(), TcPoint::kIngress, kBehind);
  if (mode == Hook::kTc) return;
  const int fd = rig_.program_fd(Hook::kXdp, program);
  attachments_.push_back(std::make_unique<XdpAttachment>(rig_.ns(), rig_.ifindex(name), fd));
}

std::vector<std::string> Delivery::try_recipe(const Recipe& recipe, const Observer& observe) {
  std::vector<std::string> findings;
  rig_.reset();
  int number = 0;
  each_frame(rig_, recipe, [&](const Sent& sent) {
    ++number;
    if (!is_sendable(sent)) return;
    const std::string finding = send(sent, observe);
    if (!finding.empty())
      findings.push_back("frame " + std::to_string(number) + " from " + sent.from + ": " + finding);
  });
  return findings;
}

// tc handles every frame that XDP leaves, so the prediction for tc holds in both modes.
std::string Delivery::send(const Sent& sent, const Observer& observe) {
  const World world = read_world(rig_);
  const auto predicted = predict(world, Hook::kTc, sent);
  if (!predicted || !are_uplinks_attached(world)) return "";
  if (observe) observe({Hook::kTc, sent, *predicted});
  Arrived expected;
  for (const auto& [name, frame] : predicted->copies) expected[name].insert(frame);
  if (predicted->host) expected["host"].insert(*predicted->host);
  if (!predicted->target.empty() && predicted->target != "host")
    expected[predicted->target].insert(predicted->redirected);

  const Counts before = read_counters(rig_);
  const int error = rig_.tap(sent.from).try_send({.bytes = sent.frame, .marker = {}, .vnet = {}});
  if (error != 0) return "the TAP refused the frame: errno " + std::to_string(error);
  const Arrived got = arrived(expected);
  const Counts counted = difference(before, read_counters(rig_));
  if (got == expected && counted == predicted->outcome.counted) return "";
  std::ostringstream text;
  print(text << "expected", expected);
  print(text << "\n got", got);
  text << "\n sent " << Outcome{{}, sent.frame, predicted->outcome.counted};
  text << "\n but counted " << Outcome{{}, {}, counted};
  return text.str();
}

// A frame may go through the uplink's receive path on another CPU, so this waits for it.
Delivery::Arrived Delivery::arrived(const Arrived& expected) {
  Arrived frames;
  const auto collect = [&] {
    for (auto& [name, list] : received(rig_)) frames[name].insert(list.begin(), list.end());
    return count(frames) >= count(expected);
  };
  eventually(collect, std::chrono::seconds(2));
  return frames;
}

}  // namespace xvnet::test
