// SPDX-License-Identifier: BSD-2-Clause
//
// The skeletons define functions, so only one file may include them. Their structs are not used.
#include "loader/linux/embedded.h"

#include "loader/linux/kernel_btf.h"
#include "xvnet_tc.skel.h"
#include "xvnet_tc_probing.skel.h"
#include "xvnet_xdp.skel.h"
#include "xvnet_xdp_probing.skel.h"

namespace xvnet {
namespace {

using Bytes = std::span<const std::byte>;

Bytes object(const void* (*bytes)(std::size_t* size)) {
  std::size_t size = 0;
  const void* begin = bytes(&size);
  return {static_cast<const std::byte*>(begin), size};
}

// The kernel has many types, so search them only once.
bool is_context_shown() {
  static const bool is_shown = does_kernel_show_context();
  return is_shown;
}

}  // namespace

Bytes embedded_tc_object() {
  return object(is_context_shown() ? xvnet_tc::elf_bytes : xvnet_tc_probing::elf_bytes);
}

Bytes embedded_xdp_object() {
  return object(is_context_shown() ? xvnet_xdp::elf_bytes : xvnet_xdp_probing::elf_bytes);
}

std::array<Bytes, 4> embedded_objects() {
  return {object(xvnet_tc::elf_bytes), object(xvnet_xdp::elf_bytes),
          object(xvnet_tc_probing::elf_bytes), object(xvnet_xdp_probing::elf_bytes)};
}

}  // namespace xvnet
