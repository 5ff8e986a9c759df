// SPDX-License-Identifier: BSD-2-Clause
//
// The library does not know how an operator names a field or runs a command. Its messages mark
// both: ‹max_macs› is the field max_macs, «uplink add» the command.
#pragma once

#include <string>

namespace xvnet::cli {

// Replaces the marks of a message: "use ‹mode› tc" becomes "use --mode tc", and "«restore»"
// becomes "xvnet restore", with --instance unless the instance is the default.
std::string in_words_of_cli(std::string_view message, const std::string& instance);

}  // namespace xvnet::cli
