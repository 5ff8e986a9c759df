// SPDX-License-Identifier: BSD-2-Clause
//
// Programs put on a device for as long as an object lives, so that a frame takes its real way.
#pragma once

#include <cstdint>

#include "netns.h"

namespace xvnet::test {

enum class TcPoint { kIngress, kEgress };

// A program on a device's clsact hook, which every supported kernel has. The qdisc stays
// with the device. The lower priority runs first.
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

// A program on a device's native XDP hook.
class XdpAttachment {
 public:
  XdpAttachment(const NetNs& ns, uint32_t ifindex, int program);

 private:
  UniqueFd link_;
};

// A tc program that redirects all it gets into one device. Behind xvnet's filter, it shows what
// that one left to the host, the tag in the skb's metadata included.
UniqueFd load_redirect_all(uint32_t ifindex);

}  // namespace xvnet::test
