// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_vid.h"

#include <fmt/format.h>

#include <utility>

#include "cli/parse_number.h"
#include "cli/text.h"

namespace xvnet::cli {

namespace {

using VidRange = std::pair<std::uint16_t, std::uint16_t>;

Parsed<VidRange> parse_vid_range(std::string_view word) {
  const auto dash = word.find('-');
  const auto first = parse_vid(word.substr(0, dash));
  if (!first) return std::unexpected(first.error());
  if (dash == std::string_view::npos) return VidRange{*first, *first};

  const auto last = parse_vid(word.substr(dash + 1));
  if (!last) return std::unexpected(last.error());
  if (*last < *first) return std::unexpected(fmt::format("VIDs {} run backwards", quote(word)));
  return VidRange{*first, *last};
}

}  // namespace

Parsed<std::uint16_t> parse_vid(std::string_view word) {
  const auto vid = parse_number(word, "VID", {kMinVid, kMaxVid});
  if (!vid) return std::unexpected(vid.error());
  return static_cast<std::uint16_t>(*vid);
}

Parsed<VidSet> parse_vid_set(std::string_view word) {
  VidSet vids;
  if (word == "none") return vids;
  for (bool is_more = true; is_more;) {
    const auto comma = word.find(',');
    const auto range = parse_vid_range(word.substr(0, comma));
    if (!range) return std::unexpected(range.error());
    for (std::uint32_t vid = range->first; vid <= range->second; ++vid) vids.set(vid);

    is_more = comma != std::string_view::npos;
    if (is_more) word.remove_prefix(comma + 1);
  }
  return vids;
}

}  // namespace xvnet::cli
