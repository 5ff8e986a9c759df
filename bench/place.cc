// SPDX-License-Identifier: BSD-2-Clause
#include "place.h"

#include <cerrno>
#include <cstring>

namespace xvnet::bench {

test::Bytes TapPlace::encoded(const test::Frame& frame) const {
  // Header and frame are written as one piece, because a separate header piece slows the native XDP
  // path.
  test::Bytes bytes(vnet_header_);
  if (vnet_header_ != 0) std::memcpy(bytes.data(), &frame.vnet, sizeof(frame.vnet));
  bytes.insert(bytes.end(), frame.bytes.begin(), frame.bytes.end());
  return bytes;
}

uint64_t TapPlace::drain() {
  static char buffer[test::kLargestFrame];
  uint64_t frames = 0;
  while (read(tap_.fd(), buffer, sizeof(buffer)) >= 0) frames++;
  if (errno != EAGAIN) test::throw_errno("draining TAP \"" + tap_.name() + "\"");
  return frames;
}

VethPlace::VethPlace(const test::NetNs& ns, const std::string& dev)
    : ns_(&ns),
      dev_(dev),
      sender_(ns, dev, {.protocol = 0, .vnet_header = false, .bypass_qdisc = true}),
      counter_(ns, dev, Program::kCountAndDrop) {
  listen();
}

void VethPlace::listen() { ear_.emplace(*ns_, dev_); }

uint64_t VethPlace::drain() {
  ear_.reset();  // from here on only the counter receives frames
  const uint64_t before = counted_;
  counted_ = counter_.arrived();
  return counted_ - before;
}

std::optional<test::Received> VethPlace::receive() { return ear_->receive(); }

}  // namespace xvnet::bench
