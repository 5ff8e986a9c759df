// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse.h"
#include "loader/base/text.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

void check_set(std::string_view word) {
  const auto vids = cli::parse_vids(word);
  if (!vids) return require(!vids.error().empty(), "a refusal says why");
  require(vids->any() || word == "none", "an accepted list names a VID");
  const auto again = cli::parse_vids(format_vids(*vids));
  require(again == *vids, "a list printed is the same list");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view word = test::text_of_input(data, size);
  check_set(word);
  const bool is_vid = cli::parse_number(word, {0, kMaxVid + 1}).has_value();
  require(!is_vid || cli::parse_vids(word), "one VID is a list too");
  return 0;
}
