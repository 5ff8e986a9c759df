// SPDX-License-Identifier: BSD-2-Clause
//
// Between the TAP of a port and one in a namespace of its own, whose stack so is that of a virtual
// machine: frames go over as they are, unfinished or to be segmented.
#pragma once

#include <atomic>
#include <thread>

#include "tap.h"

namespace xvnet::test {

class Cable {
 public:
  // Both have vnet headers of one size, and outlive this.
  Cable(const Tap& a, const Tap& b);
  ~Cable();
  Cable(const Cable&) = delete;
  Cable& operator=(const Cable&) = delete;

 private:
  void run(int a, int b);

  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace xvnet::test
