// SPDX-License-Identifier: BSD-2-Clause
#include "live_fixture.h"

namespace xvnet::test {

namespace {

constexpr uint32_t kOurs = 1;
constexpr uint32_t kOthers = 2;

}  // namespace

Live::Live()
    : before_(read_counters(rig_)), redirect_to_host_(load_redirect_all(rig_.ifindex("host"))) {
  for (const std::string& name : rig_.names()) ears_.add(name, rig_.tap(name));
}

void Live::filter(const std::string& name, int program, TcPoint point, uint32_t priority) {
  filters_.push_back(
      std::make_unique<TcFilter>(rig_.ns(), rig_.ifindex(name), program, point, priority));
}

void Live::attach(Program program, const std::string& name) {
  const int fd = rig_.program_fd(GetParam(), program);
  if (on_xdp()) {
    attachments_.push_back(std::make_unique<XdpAttachment>(rig_.ns(), rig_.ifindex(name), fd));
  } else {
    filter(name, fd, TcPoint::kIngress, kOurs);
  }
  filter(name, redirect_to_host_.get(), TcPoint::kIngress, kOthers);
}

void Live::attach_all() {
  for (const std::string& port : rig_.ports()) attach(Program::kFromVm, port);
  attach(Program::kFromUplink, "up");
  filter("stranger", redirect_to_host_.get(), TcPoint::kIngress, kOthers);
  if (!on_xdp())
    filter("up", rig_.program_fd(Hook::kTc, Program::kFromHost), TcPoint::kEgress, kOurs);
}

Places Live::places(const Frame& frame) {
  ears_.flush();
  return ears_.places(frame.marker);
}

Frames Live::seen(const std::string& name, const Frame& frame) {
  ears_.flush();
  Frames frames;
  for (const Received& received : ears_.seen(name, frame.marker)) frames.push_back(received.bytes);
  return frames;
}

Counts Live::counted() const {
  Counts moved = difference(before_, read_counters(rig_));
  note_reasons(GetParam(), moved);
  std::erase_if(moved, [](const auto& entry) { return entry.first.ends_with(" bytes"); });
  return moved;
}

}  // namespace xvnet::test
