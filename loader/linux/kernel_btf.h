// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's description of its own types (CONFIG_DEBUG_INFO_BTF), from which the programs know
// where an sk_buff keeps what is said beside the frame.
#pragma once

#include <unistd.h>

namespace xvnet {

inline bool has_kernel_btf() { return ::access("/sys/kernel/btf/vmlinux", R_OK) == 0; }

inline constexpr const char* kNoKernelBtf = "this kernel has no /sys/kernel/btf/vmlinux";
inline constexpr const char* kKernelBtfHint = "a kernel with CONFIG_DEBUG_INFO_BTF is needed";

}  // namespace xvnet
