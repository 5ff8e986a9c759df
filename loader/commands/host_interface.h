// SPDX-License-Identifier: BSD-2-Clause
//
// The host interface of a network: a veth pair. The inner end is an ordinary port, so the host is
// an ordinary member.
#pragma once

#include <string>
#include <vector>

#include "loader/base/change.h"
#include "loader/model/records.h"

namespace xvnet {

// Does nothing if `addresses` is empty.
Result<void> provide_host_interface(Change& change, const Network& network,
                                    const std::vector<std::string>& addresses);
Result<void> change_host_addresses(Change& change, const Network& network,
                                   const std::vector<std::string>& before,
                                   const std::vector<std::string>& after);
Result<void> remove_host_interface(Change& change, const Network& network);

}  // namespace xvnet
