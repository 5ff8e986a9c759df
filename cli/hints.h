// SPDX-License-Identifier: BSD-2-Clause
//
// Commands in what is said to the operator: the loader does not know how its instance was named.
#pragma once

#include <string>

namespace xvnet::cli {

// Each command of xvnet in the text, "xvnet attach tap0", with --instance unless it is the default
// one, so that it can be typed as it is printed.
std::string for_instance(std::string text, const std::string& instance);

}  // namespace xvnet::cli
