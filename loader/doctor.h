// SPDX-License-Identifier: BSD-2-Clause
//
// Checks the machine and the instance: kernel features, capabilities, bpffs, offloads, veth peers,
// foreign XDP programs, orphaned links. It changes nothing.
#pragma once

#include <string>
#include <vector>

#include "loader/kernel.h"
#include "loader/view.h"

namespace xvnet {

// Findings about the machine: kernel features, mounts and capabilities of the process. Implemented
// in loader/linux.
std::vector<Finding> examine_machine(const std::string& pin_root);

// Findings about the instance: its programs, devices, networks and forwards.
Result<std::vector<Finding>> examine_instance(Kernel& kernel);

}  // namespace xvnet
