// SPDX-License-Identifier: BSD-2-Clause
//
// The BPF objects as the build embeds them: the same programs and tables twice, for kernels that
// show programs what they keep beside a frame, and for those where the programs probe for it
// (bpf/hook/kernel.h).
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace xvnet {

// Those that this kernel can load.
std::span<const std::byte> embedded_tc_object();
std::span<const std::byte> embedded_xdp_object();

// All of them, whatever the kernel.
std::array<std::span<const std::byte>, 4> embedded_objects();

}  // namespace xvnet
