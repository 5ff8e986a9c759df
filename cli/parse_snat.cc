// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_snat.h"

#include <fmt/format.h>

#include "cli/parse_address.h"
#include "cli/text.h"

namespace xvnet::cli {

namespace {

constexpr std::string_view kAuto = "auto";
constexpr std::string_view kNone = "none";

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

Parsed<SnatFilter> parse_snat_filter(std::string_view word) {
  if (word == "address") return SnatFilter::kAddress;
  if (word == "endpoint") return SnatFilter::kEndpoint;
  return std::unexpected(fmt::format("--snat-filter {} is not address or endpoint", quote(word)));
}

}  // namespace xvnet::cli
