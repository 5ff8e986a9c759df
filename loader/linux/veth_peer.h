// SPDX-License-Identifier: BSD-2-Clause
//
// The other end of a veth, in any network namespace.
#pragma once

#include <cstdint>

#include "loader/base/host.h"

namespace xvnet {

Result<VethPeer> examine_veth_peer(std::uint32_t ifindex);
Result<void> write_peer_feature(std::uint32_t ifindex, Feature feature, bool on);

}  // namespace xvnet
