// SPDX-License-Identifier: BSD-2-Clause
//
// Copies frames between a port's TAP and a TAP in another namespace, so that this namespace's
// network stack acts as the VM. Partial checksums and TSO frames are copied as they are.
#pragma once

#include <atomic>
#include <thread>

#include "tap.h"

namespace xvnet::test {

class Cable {
 public:
  // Both TAPs have vnet headers of one size. They must outlive the cable.
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
