// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "maps/records.h"

namespace xvnet {

// Lists the settings of `record` that differ from `wanted`: "ageing is 300 s, not 60 s; domain is
// none, not lab.example".
std::string difference(const abi::network_record& record, const abi::network_record& wanted);

}  // namespace xvnet
