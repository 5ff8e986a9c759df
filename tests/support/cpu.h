// SPDX-License-Identifier: BSD-2-Clause
#pragma once

namespace xvnet::test {

// The calling thread stays on one of its CPUs. A veth delivers a frame on the CPU that sent it, and
// frames that two CPUs deliver overtake one another.
void stay_on_one_cpu();

}  // namespace xvnet::test
