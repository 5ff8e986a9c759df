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

// By its name in lower case. One that this build does not know is a drop without a text.
Reason find_reason(std::string_view name);

}  // namespace xvnet::cli
