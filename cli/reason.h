// SPDX-License-Identifier: BSD-2-Clause
//
// The reasons of maps/reasons.def, as counters show them.
#pragma once

#include <string_view>

#include "maps/reasons.h"

namespace xvnet::cli {

struct Reason {
  std::string_view name;  // upper case
  abi::fate fate;
  std::string_view text;
};

// Finds a reason by its name in lower case. A name that this build does not know is a drop without
// a text.
Reason find_reason(std::string_view name);

}  // namespace xvnet::cli
