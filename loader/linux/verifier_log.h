// SPDX-License-Identifier: BSD-2-Clause
//
// Extracts the verifier's reason from the log of a refused program.
#pragma once

#include <string>
#include <string_view>

namespace xvnet {

struct Refusal {
  std::string program;  // empty if the log does not name it
  std::string cause;    // one line; empty if the log holds no refusal
  std::string context;  // the last lines before the cause
};

// Parses what libbpf prints when a program does not load.
Refusal read_refusal(std::string_view library_log);

}  // namespace xvnet
