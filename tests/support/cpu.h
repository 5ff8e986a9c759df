// SPDX-License-Identifier: BSD-2-Clause
#pragma once

namespace xvnet::test {

// Pins the calling thread to one of its CPUs. A veth delivers a frame on the CPU that sent it, so
// frames from two CPUs may be reordered.
void stay_on_one_cpu();

}  // namespace xvnet::test
