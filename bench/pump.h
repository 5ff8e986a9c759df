// SPDX-License-Identifier: BSD-2-Clause
//
// Carries frames between a port and a machine, both of them TAPs, with their vnet headers.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "tap.h"

namespace xvnet::bench {

class Pump {
 public:
  // Makes both TAPs, and carries for as long as it lives.
  Pump(const test::NetNs& host, const std::string& port, const test::NetNs& guest,
       const std::string& dev);

  // Frames larger than any wire carries: TSO, which nobody segmented on the way.
  uint64_t big_frames() const { return big_frames_; }

 private:
  void run(const std::stop_token& stop);
  // How many frames there were.
  size_t carry(const test::Tap& from, const test::Tap& to);

  test::Tap port_;
  test::Tap guest_;
  std::atomic<uint64_t> big_frames_ = 0;
  std::jthread thread_;  // the first to go
};

}  // namespace xvnet::bench
