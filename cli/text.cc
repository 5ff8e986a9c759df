// SPDX-License-Identifier: BSD-2-Clause
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace xvnet::cli {

namespace {

struct Utf8Form {
  std::uint8_t mask;   // of the first byte
  std::uint8_t value;  // of the first byte under the mask
  std::size_t size;    // bytes
  char32_t least;      // a smaller code point has a shorter encoding
};

constexpr Utf8Form kUtf8Forms[] = {
    // RFC 3629, section 3
    {0x80, 0x00, 1, 0x0},
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
};

bool is_continuation(char byte) { return (static_cast<std::uint8_t>(byte) & 0xc0) == 0x80; }

bool is_shown(char32_t character) {
  const bool is_control = character < 0x20 || (character >= 0x7f && character < 0xa0);
  const bool is_line_end = character == 0x2028 || character == 0x2029;
  const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
  return !is_control && !is_line_end && !is_surrogate && character <= 0x10ffff;
}

// Returns the size in bytes of the first character of `text`, or 0 if it must be escaped.
std::size_t shown_size(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text.front());
  for (const auto& form : kUtf8Forms) {
    if ((first & form.mask) != form.value) continue;
    if (text.size() < form.size) return 0;
    char32_t character = first & static_cast<std::uint8_t>(~form.mask);
    for (const char byte : text.substr(1, form.size - 1)) {
      if (!is_continuation(byte)) return 0;
      character = (character << 6) | (static_cast<std::uint8_t>(byte) & 0x3f);
    }
    return character >= form.least && is_shown(character) ? form.size : 0;
  }
  return 0;
}

std::string escape(std::string_view text, std::string_view kept) {
  std::string shown;
  while (!text.empty()) {
    std::size_t size = kept.contains(text.front()) ? 1 : shown_size(text);
    if (size > 0) {
      shown += text.substr(0, size);
    } else {
      size = 1;
      shown += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(text.front()));
    }
    text.remove_prefix(size);
  }
  return shown;
}

// The size of the quoted text, as from quote(), at the beginning of the text, or 0.
std::size_t quoted_size(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return 0;
}

}  // namespace

std::string printable(std::string_view text) { return escape(text, ""); }

std::string quote(std::string_view text) { return fmt::format("{:?}", text); }

std::string printable_lines(std::string_view text) { return escape(text, "\n"); }

std::string replace_marks(std::string_view text, std::string_view begin, std::string_view end,
                          const std::function<std::string(std::string_view)>& shown) {
  std::string result;
  while (!text.empty()) {
    const std::size_t quoted = quoted_size(text);
    const auto to = text.starts_with(begin) ? text.find(end) : std::string_view::npos;
    if (to != std::string_view::npos) {
      result += shown(text.substr(begin.size(), to - begin.size()));
      text.remove_prefix(to + end.size());
    } else {
      const std::size_t size = std::max<std::size_t>(quoted, 1);
      result += text.substr(0, size);
      text.remove_prefix(size);
    }
  }
  return result;
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !is_continuation(byte); }));
}

}  // namespace xvnet::cli
