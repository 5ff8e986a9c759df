// SPDX-License-Identifier: BSD-2-Clause
//
// The verifier's refusal as people can read it.
#pragma once

#include <string>
#include <string_view>

namespace xvnet {

struct Refusal {
  std::string program;  // empty when the log does not say
  std::string cause;    // one line; empty: the log holds no refusal
  std::string context;  // the last lines, without the cause
};

// Reads what libbpf prints when a program does not load.
Refusal read_refusal(std::string_view library_log);

}  // namespace xvnet
