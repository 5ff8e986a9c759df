// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/device_name.h"

#include <fmt/format.h>
#include <net/if.h>

namespace xvnet {

std::string device_name(std::uint32_t ifindex) {
  char name[IF_NAMESIZE];
  return if_indextoname(ifindex, name) ? name : "";
}

std::string quoted_device(std::uint32_t ifindex) {
  std::string name = device_name(ifindex);
  return name.empty() ? fmt::format("number {}", ifindex) : fmt::format("{:?}", name);
}

}  // namespace xvnet
