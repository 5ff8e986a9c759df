// SPDX-License-Identifier: BSD-2-Clause
//
// The implementation of Host for the running kernel.
#pragma once

#include <memory>
#include <string>

#include "loader/base/host.h"

namespace xvnet {

struct LinuxHostOptions {
  std::string instance = "xvnet";  // pin_root.h says which names are allowed
  bool verbose_verifier = false;   // print the whole verifier log on stderr if a program is refused
};

Result<std::unique_ptr<Host>> make_linux_host(const LinuxHostOptions& options);

}  // namespace xvnet
