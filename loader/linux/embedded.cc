// SPDX-License-Identifier: BSD-2-Clause
//
// The skeletons define functions, so only one file may include them. Their structs are not used.
#include "loader/linux/embedded.h"

#include "xvnet_tc.skel.h"
#include "xvnet_xdp.skel.h"

namespace xvnet {

std::span<const std::byte> embedded_tc_object() {
  std::size_t size = 0;
  const void* bytes = xvnet_tc::elf_bytes(&size);
  return {static_cast<const std::byte*>(bytes), size};
}

std::span<const std::byte> embedded_xdp_object() {
  std::size_t size = 0;
  const void* bytes = xvnet_xdp::elf_bytes(&size);
  return {static_cast<const std::byte*>(bytes), size};
}

}  // namespace xvnet
