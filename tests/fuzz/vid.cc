// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_vid.h"
#include "loader/base/text.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

void check_one(std::string_view word) {
  const auto vid = cli::parse_vid(word);
  if (!vid) return require(!vid.error().empty(), "a refusal says why");
  require(*vid >= kMinVid && *vid <= kMaxVid, "a VID is 1 to 4094");
  require(cli::parse_vid(std::to_string(*vid)) == *vid, "a VID printed is the same VID");
}

void check_set(std::string_view word) {
  const auto vids = cli::parse_vid_set(word);
  if (!vids) return require(!vids.error().empty(), "a refusal says why");
  require(vids->any() || word == "none", "an accepted list names a VID");
  require(!vids->test(0) && !vids->test(kMaxVid + 1), "a list holds 1 to 4094");
  const auto again = cli::parse_vid_set(format_vids(*vids));
  require(again == *vids, "a list printed is the same list");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view word = test::text_of_input(data, size);
  check_one(word);
  check_set(word);
  const bool is_vid = cli::parse_vid(word).has_value();
  require(!is_vid || cli::parse_vid_set(word), "one VID is a list too");
  return 0;
}
