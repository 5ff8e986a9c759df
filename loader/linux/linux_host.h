// SPDX-License-Identifier: BSD-2-Clause
//
// The implementation of Kernel for the running kernel.
#pragma once

#include <memory>
#include <string>

#include "loader/base/host.h"

namespace xvnet {

struct LinuxKernelOptions {
  std::string instance = "xvnet";  // pin_root.h says which names are allowed
  bool verbose_verifier = false;   // print the whole verifier log on stderr if a program is refused
};

Result<std::unique_ptr<Kernel>> make_linux_kernel(const LinuxKernelOptions& options);

}  // namespace xvnet
