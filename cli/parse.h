// SPDX-License-Identifier: BSD-2-Clause
//
// What the parsers of words share.
#pragma once

#include <expected>
#include <string>

namespace xvnet::cli {

// A value, or an error message about the word: `VID "5000" is not 1 to 4094`.
template <typename T>
using Parsed = std::expected<T, std::string>;

}  // namespace xvnet::cli
