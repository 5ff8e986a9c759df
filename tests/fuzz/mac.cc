// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse.h"
#include "loader/base/text.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto mac = cli::parse_mac(test::text_of_input(data, size));
  if (!mac) {
    require(!mac.error().empty(), "a refusal says why");
    return 0;
  }
  require(cli::parse_mac(format_mac(*mac)) == *mac, "a MAC printed is the same MAC");
  return 0;
}
