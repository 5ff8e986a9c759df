// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_mac.h"
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
  require(*mac != Mac{}, "a station's MAC is not zero");
  require((mac->front() & 1) == 0, "a station's MAC is no group's");
  require(cli::parse_mac(format_mac(*mac)) == *mac, "a MAC printed is the same MAC");
  return 0;
}
