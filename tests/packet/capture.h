// SPDX-License-Identifier: BSD-2-Clause
//
// Attaches programs to a device for the lifetime of an object, so that a frame takes its real path.
#pragma once

#include <cstdint>

#include "netns.h"

namespace xvnet::test {

enum class TcPoint { kIngress, kEgress };

// Attaches a program to a device's clsact hook, which every supported kernel has. The qdisc stays
// on the device. The filter with the lowest priority number runs first.
class TcFilter {
 public:
  TcFilter(const NetNs& ns, uint32_t ifindex, int program, TcPoint point, uint32_t priority);
  ~TcFilter();
  TcFilter(const TcFilter&) = delete;
  TcFilter& operator=(const TcFilter&) = delete;

 private:
  const NetNs* ns_;
  uint32_t ifindex_;
  TcPoint point_;
  uint32_t priority_;
};

// Attaches a program to a device's native XDP hook.
class XdpAttachment {
 public:
  XdpAttachment(const NetNs& ns, uint32_t ifindex, int program);

 private:
  UniqueFd link_;
};

// A tc program that redirects every frame to one device. Attached after xvnet's filter, it shows
// the frames that xvnet left to the host, with the tag from the skb's metadata.
UniqueFd load_redirect_all(uint32_t ifindex);

}  // namespace xvnet::test
