// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_name.h"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>

#include "cli/text.h"
#include "cli/words.h"
#include "loader/linux/pin_root.h"
#include "maps/records.h"

namespace xvnet::cli {

namespace {

// Refuses what dev_valid_name() of the kernel refuses, and control characters. Also refuses '%',
// because the kernel takes a name such as "tap%d" as a pattern and creates tap0. To the kernel 0xa0
// is white space, even inside a UTF-8 character.
bool is_refused_in_names(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7f || byte == 0xa0 || c == '/' || c == ':' || c == '%';
}

bool is_dns_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.';
}

Parsed<std::string> parse_name(std::string_view what, std::string_view word) {
  const auto refuse = [&](const std::string& complaint) {
    return std::unexpected(fmt::format("{} name {} {}", what, quote(word), complaint));
  };
  if (word.empty()) return refuse("is empty");
  if (word.size() >= IFNAMSIZ) return refuse(fmt::format("is longer than {} bytes", IFNAMSIZ - 1));
  if (word == "." || word == "..") return refuse("is reserved");
  const auto bad = std::ranges::find_if(word, is_refused_in_names);
  if (bad != word.end()) return refuse("has a " + quote(std::string_view(bad, 1)));
  return std::string(word);
}

}  // namespace

Parsed<std::string> parse_device_name(std::string_view word) { return parse_name("device", word); }

Parsed<std::string> parse_network_name(std::string_view word) {
  return parse_name("network", word);
}

Parsed<std::string> parse_router_name(std::string_view word) {
  return word == kNone ? std::string() : parse_name("router", word);
}

Parsed<std::string> parse_instance_name(std::string_view word) {
  if (is_instance_name(word)) return std::string(word);
  return std::unexpected(fmt::format("instance {} is not 1 to {} letters, digits, \"_\" and \"-\"",
                                     quote(word), kMaxInstanceName));
}

Parsed<std::string> parse_dns_name(std::string_view word) {
  constexpr std::size_t kMaxDnsName = HOST_NAME_SIZE - 1;
  if (!word.empty() && word.size() <= kMaxDnsName && std::ranges::all_of(word, is_dns_character))
    return std::string(word);
  return std::unexpected(fmt::format("name {} is not 1 to {} letters, digits, \"-\" and \".\"",
                                     quote(word), kMaxDnsName));
}

Parsed<std::string> parse_dns_name_or_none(std::string_view word) {
  return word == kNone ? std::string() : parse_dns_name(word);
}

Parsed<std::string> parse_boot_file(std::string_view word) {
  if (word.empty()) return std::unexpected("the boot file is empty; none unsets it");
  return word == kNone ? std::string() : std::string(word);
}

// An empty word may come from an unset shell variable.
Parsed<std::string> parse_file_name(std::string_view word) {
  if (!word.empty()) return std::string(word);
  return std::unexpected("the file name is empty; leave it out for the default");
}

Parsed<std::string> parse_owner(std::string_view word) {
  if (!word.empty() && printable(word) == word) return std::string(word);
  return std::unexpected(fmt::format("owner {} is no user", quote(word)));
}

}  // namespace xvnet::cli
