// SPDX-License-Identifier: BSD-2-Clause
//
// Adds --instance to commands in messages, because the loader does not know how its instance was
// named.
#pragma once

#include <string>

namespace xvnet::cli {

// Inserts --instance after "xvnet" in each command in the text, such as "xvnet attach tap0", unless
// `instance` is the default. So the operator can type a command as it is printed.
std::string for_instance(std::string text, const std::string& instance);

}  // namespace xvnet::cli
