// SPDX-License-Identifier: BSD-2-Clause
//
// Whether this machine and this instance are well: kernel features, capabilities, bpffs, offloads,
// veth peers, foreign programs, severed links. Reads only.
#pragma once

#include <string>
#include <vector>

#include "loader/kernel.h"
#include "loader/view.h"

namespace xvnet {

// Findings about the machine: what the kernel and the process's capabilities allow. Implemented in
// loader/linux.
std::vector<Finding> examine_machine(const std::string& pin_root);

// Findings about the instance: its bpffs, programs and each of its devices.
Result<std::vector<Finding>> examine_instance(Kernel& kernel);

}  // namespace xvnet
