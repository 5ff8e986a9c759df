// SPDX-License-Identifier: BSD-2-Clause
#include "cli/reason.h"

#include <algorithm>

namespace xvnet::cli {

namespace {

constexpr Reason kReasons[] = {
#define REASON(name, number, fate, text) {#name, abi::FATE_##fate, text},
#include "maps/reasons.def"
#undef REASON
};

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

Reason find_reason(std::string_view name) {
  const auto known = std::ranges::find_if(kReasons, [name](const Reason& reason) {
    return std::ranges::equal(name, reason.name, {}, to_upper);
  });
  return known != std::end(kReasons) ? *known : Reason{name, abi::FATE_DROPPED, ""};
}

}  // namespace xvnet::cli
