// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's BTF (CONFIG_DEBUG_INFO_BTF). Programs get the offsets of sk_buff fields from it.
#pragma once

#include <bpf/btf.h>
#include <unistd.h>

namespace xvnet {

inline bool has_kernel_btf() { return ::access("/sys/kernel/btf/vmlinux", R_OK) == 0; }

// Whether programs can read the kernel structure behind their context (since Linux 6.2). Searches
// only vmlinux, which has the function: BTF of modules needs CAP_SYS_ADMIN.
inline bool does_kernel_show_context() {
  btf* const types = has_kernel_btf() ? btf__load_vmlinux_btf() : nullptr;
  if (!types) return false;
  const bool does = btf__find_by_name_kind(types, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC) > 0;
  btf__free(types);
  return does;
}

inline constexpr const char* kNoKernelBtf = "this kernel has no /sys/kernel/btf/vmlinux";
inline constexpr const char* kKernelBtfHint = "a kernel with CONFIG_DEBUG_INFO_BTF is needed";

}  // namespace xvnet
