// SPDX-License-Identifier: BSD-2-Clause
#include "loader/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "maps/records.h"

namespace xvnet {

std::string format_mac(const Mac& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

std::string format_vids(const VidSet& vids) {
  std::string text;
  for (std::size_t first = 0; first < vids.size(); ++first) {
    if (!vids[first]) continue;
    std::size_t last = first;
    while (last + 1 < vids.size() && vids[last + 1]) ++last;
    if (!text.empty()) text += ',';
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    first = last;
  }
  return text;
}

const char* format_mode(Mode mode) {
  switch (mode) {
    case Mode::kXdp:
      return "xdp";
    case Mode::kTc:
      return "tc";
    default:
      return "auto";
  }
}

Result<void> check_device_name(std::string_view doing, std::string_view name) {
  const bool has_bad_byte = std::ranges::any_of(name, [](unsigned char c) {
    return c <= ' ' || c == '/' || c == ':' || c == '%' || c == 0x7f || c == 0xa0;
  });
  if (name.empty() || name == "." || name == ".." || has_bad_byte)
    return fail(ErrorKind::kUsage, fmt::format("{} {:?}: not a device name", doing, name));
  if (name.size() >= NAME_SIZE)
    return fail(ErrorKind::kUsage, fmt::format("{} {:?}: the name is longer than {} bytes", doing,
                                               name, NAME_SIZE - 1));
  return {};
}

}  // namespace xvnet
