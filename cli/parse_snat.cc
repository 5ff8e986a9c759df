// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_snat.h"

#include <fmt/format.h>

#include "cli/parse_address.h"
#include "cli/text.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

constexpr std::string_view kAuto = "auto";

}  // namespace

Parsed<SnatRequest> parse_snat(const std::vector<std::string>& words) {
  SnatRequest request{.source = SnatSource::kAddresses, .addresses = {}};
  for (const auto& word : words) {
    if (word == kAuto || word == kNone) {
      if (words.size() > 1)
        return std::unexpected(fmt::format("--snat {} stands alone", quote(word)));
      request.source = word == kAuto ? SnatSource::kAuto : SnatSource::kNone;
      return request;
    }
    const auto address = parse_ip(word);
    if (!address)
      return std::unexpected(
          fmt::format("--snat {} is not auto, none or like 203.0.113.5", quote(word)));
    request.addresses.push_back(*address);
  }
  return request;
}

Parsed<std::vector<Subnet>> parse_snat_exceptions(const std::vector<std::string>& words) {
  std::vector<Subnet> prefixes;
  if (words.size() == 1 && words.front() == kNone) return prefixes;
  for (const auto& word : words) {
    const auto prefix = parse_prefix(word);
    if (!prefix)
      return std::unexpected(
          fmt::format("--snat-except {} is not like 192.0.2.0/24: a prefix and nothing behind it",
                      quote(word)));
    prefixes.push_back(*prefix);
  }
  return prefixes;
}

Parsed<SnatFilter> parse_snat_filter(std::string_view word) {
  if (word == "address") return SnatFilter::kAddress;
  if (word == "endpoint") return SnatFilter::kEndpoint;
  return std::unexpected(fmt::format("--snat-filter {} is not address or endpoint", quote(word)));
}

}  // namespace xvnet::cli
