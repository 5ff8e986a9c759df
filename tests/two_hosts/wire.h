// SPDX-License-Identifier: BSD-2-Clause
//
// The cable between the two emulated hosts. It forwards every frame, records it as it is on the
// wire, and can insert frames as a third party.
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
  ~Wire();  // end the hosts first: a host that takes no frames could block it
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Returns the host's end of the cable. Call it once for each host. Each datagram is a frame.
  UniqueFd plug(int host) { return std::move(host_ends_.at(host)); }
  // Sends a frame to that host, behind all frames that were sent to it before.
  void send(int host, const Frame& frame);
  // Returns the frames that the host has sent since the last call.
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
