// SPDX-License-Identifier: BSD-2-Clause
//
// Text that is safe on a terminal: names come from other people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xvnet::cli {

// Control characters and bytes that are no UTF-8 as \xNN, the rest as it is.
std::string printable(std::string_view text);

// In double quotes and escaped, as errors show a value.
std::string quote(std::string_view text);

// printable(), except that line ends stay.
std::string printable_lines(std::string_view text);

// How many characters a printable text takes on the screen.
std::size_t width(std::string_view text);

}  // namespace xvnet::cli
