// SPDX-License-Identifier: BSD-2-Clause
//
// The BPF objects as the build embeds them.
#pragma once

#include <cstddef>
#include <span>

namespace xvnet {

std::span<const std::byte> embedded_tc_object();
std::span<const std::byte> embedded_xdp_object();

}  // namespace xvnet
