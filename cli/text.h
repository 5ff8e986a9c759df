// SPDX-License-Identifier: BSD-2-Clause
//
// Texts for a terminal. They must be made safe, because names may come from other users.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace xvnet::cli {

// Shows control characters, and bytes that are not UTF-8, as \xNN. Other characters stay.
std::string printable(std::string_view text);

// Puts the text in double quotes and escapes it, for error messages.
std::string quote(std::string_view text);

// Like printable(), but keeps newlines.
std::string printable_lines(std::string_view text);

// Replaces each text between the marks by what `shown` returns for it. What stands in double quotes
// stays: it is a name, which may contain anything.
std::string replace_marks(std::string_view text, std::string_view begin, std::string_view end,
                          const std::function<std::string(std::string_view)>& shown);

// The number of characters that a printable text takes on the screen.
std::size_t width(std::string_view text);

}  // namespace xvnet::cli
