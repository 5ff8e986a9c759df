// SPDX-License-Identifier: BSD-2-Clause
//
// Passes frames between the TAP of a port and the TAP of a machine, with their vnet headers.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "tap.h"

namespace xvnet::bench {

class Pump {
 public:
  // Creates both TAPs, and passes frames until it is destroyed.
  Pump(const test::NetNs& host, const std::string& port, const test::NetNs& guest,
       const std::string& dev);

  // The number of frames larger than a wire carries: TSO frames that no stack has segmented.
  uint64_t big_frames() const { return big_frames_; }

 private:
  void run(const std::stop_token& stop);
  // Returns the number of frames.
  size_t carry(const test::Tap& from, const test::Tap& to);

  test::Tap port_;
  test::Tap guest_;
  std::atomic<uint64_t> big_frames_ = 0;
  std::jthread thread_;  // destroyed first
};

}  // namespace xvnet::bench
