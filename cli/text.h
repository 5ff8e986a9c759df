// SPDX-License-Identifier: BSD-2-Clause
//
// Makes text safe for a terminal: names may come from other users.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xvnet::cli {

// Shows control characters, and bytes that are not UTF-8, as \xNN. Other characters stay.
std::string printable(std::string_view text);

// Puts the text in double quotes and escapes it, for error messages.
std::string quote(std::string_view text);

// Like printable(), but keeps newlines.
std::string printable_lines(std::string_view text);

// The number of characters that a printable text takes on the screen.
std::size_t width(std::string_view text);

}  // namespace xvnet::cli
