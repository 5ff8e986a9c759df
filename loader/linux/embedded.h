// SPDX-License-Identifier: BSD-2-Clause
//
// The embedded BPF objects. Each exists in two variants with the same programs and tables. One is
// for kernels that let programs read the structure behind their context; the other probes for its
// fields (bpf/hook/kernel.h).
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace xvnet {

// The variants that this kernel can load.
std::span<const std::byte> embedded_tc_object();
std::span<const std::byte> embedded_xdp_object();

// All variants, whatever the kernel.
std::array<std::span<const std::byte>, 4> embedded_objects();

}  // namespace xvnet
