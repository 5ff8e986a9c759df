// SPDX-License-Identifier: BSD-2-Clause
#include "loader/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "maps/records.h"

namespace xvnet {
namespace {

// Each name also has room for a terminating zero in its record.
bool is_name(std::string_view name, std::size_t room, std::string_view punctuation) {
  return !name.empty() && name.size() < room &&
         std::ranges::all_of(
             name,
             [&](unsigned char c) {
               return std::isalnum(c) || punctuation.contains(static_cast<char>(c));
             });
}

}  // namespace

Result<void> check_range(std::string_view doing, std::string_view field, std::uint32_t value,
                         Range range) {
  if (value >= range.least && value <= range.most) return {};
  return fail(ErrorKind::kUsage, fmt::format("{}: {} {} is not {} to {}", doing, field_name(field),
                                             value, range.least, range.most));
}

Result<void> check_plain_name(std::string_view doing, std::string_view field,
                              std::string_view name) {
  if (is_name(name, NAME_SIZE, "-_.")) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{}: {} {:?} is not 1 to {} letters, digits, '-', '_' or '.'", doing,
                          field_name(field), name, NAME_SIZE - 1));
}

Result<void> check_dns_name(std::string_view doing, std::string_view field, std::string_view name) {
  if (is_name(name, HOST_NAME_SIZE, "-.")) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{}: {} {:?} is not 1 to {} letters, digits, '-' or '.'", doing,
                          field_name(field), name, HOST_NAME_SIZE - 1));
}

std::string use_tc() { return fmt::format("use {} tc", field_name("mode")); }

}  // namespace xvnet
