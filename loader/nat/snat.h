// SPDX-License-Identifier: BSD-2-Clause
//
// Source NAT in the record: validates a request and stores it. nat/nat.h applies it.
#pragma once

#include "loader/model/request.h"
#include "maps/records.h"

namespace xvnet {

// Validates the SNAT options of the request and writes them to the record. Call it after
// set_subnet(). Options that are not given stay.
Result<void> set_snat(abi::network_record& record, const NetworkRequest& request);

// Whether the request changes SNAT.
bool changes_snat(const NetworkRequest& request);

}  // namespace xvnet
