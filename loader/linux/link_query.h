// SPDX-License-Identifier: BSD-2-Clause
//
// Queries one link (RTM_GETLINK), in the network namespace of the calling thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "loader/base/host.h"

namespace xvnet {

struct LinkReport {
  Link link;
  std::uint32_t peer_ifindex = 0;           // for a veth; 0 for none
  std::optional<int> peer_namespace;        // nsid of the peer's namespace; empty if it is this one
  std::vector<std::uint32_t> xdp_programs;  // program ids, of all XDP modes
};

Result<std::optional<LinkReport>> query_link(std::string_view name);
Result<std::optional<LinkReport>> query_link(std::uint32_t ifindex);

}  // namespace xvnet
