// SPDX-License-Identifier: BSD-2-Clause
//
// The cable between the two emulated hosts: a third party that carries every frame, sees it as it
// is on the wire, and can put frames of its own on it.
#pragma once

#include <array>
#include <mutex>
#include <thread>
#include <vector>

#include "frame.h"
#include "process.h"

namespace xvnet::test {

class Wire {
 public:
  Wire();
  ~Wire();  // after the hosts are gone: one that takes no more frames could hold it up
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // The host's end, once each; a datagram is a frame.
  UniqueFd plug(int host) { return std::move(host_ends_.at(host)); }
  // Towards that host, behind all that it was sent before.
  void send(int host, const Frame& frame);
  // What the host has sent since the last time.
  std::vector<Bytes> take(int host);

 private:
  void carry(int from);

  std::array<UniqueFd, 2> ends_;
  std::array<UniqueFd, 2> host_ends_;
  std::mutex mutex_;
  std::array<std::vector<Bytes>, 2> sent_by_;
  std::array<std::thread, 2> carriers_;
};

}  // namespace xvnet::test
