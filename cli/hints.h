// SPDX-License-Identifier: BSD-2-Clause
//
// Words messages of the loader for the operator: the loader knows neither the options nor how its
// instance was named.
#pragma once

#include <string>

namespace xvnet::cli {

// Names fields by their options. Inserts --instance after "xvnet" in each command in the text, such
// as "xvnet attach tap0", unless `instance` is the default. So the operator can type a command as
// it is printed.
std::string for_operator(const std::string& message, const std::string& instance);

}  // namespace xvnet::cli
