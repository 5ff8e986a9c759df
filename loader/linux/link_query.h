// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel says of one link (RTM_GETLINK), in the network namespace of the calling thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "loader/kernel.h"

namespace xvnet {

struct LinkReport {
  Link link;
  std::uint32_t peer_ifindex = 0;     // of a veth, 0: none
  std::optional<int> peer_namespace;  // its id in this namespace; nothing: the peer is in this one
  std::vector<std::uint32_t> xdp_programs;  // ids, of all modes
};

Result<std::optional<LinkReport>> query_link(std::string_view name);
Result<std::optional<LinkReport>> query_link(std::uint32_t ifindex);

}  // namespace xvnet
