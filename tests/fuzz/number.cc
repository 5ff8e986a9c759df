// SPDX-License-Identifier: BSD-2-Clause
//
// The input is a line with the two ends of the range, followed by the word to parse.
#include <algorithm>
#include <sstream>

#include "cli/parse.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

Range range_of(std::string_view line) {
  std::istringstream words{std::string(line)};
  uint32_t one = 0;
  uint32_t other = 0;
  words >> one >> other;
  return {std::min(one, other), std::max(one, other)};
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = test::text_of_input(data, size);
  const auto end = std::min(input.find('\n'), input.size());
  const Range range = range_of(input.substr(0, end));
  const std::string_view word = input.substr(std::min(end + 1, input.size()));

  const auto number = cli::parse_number(word, range);
  if (!number) {
    require(!number.error().empty(), "a refusal says why");
    return 0;
  }
  require(*number >= range.least && *number <= range.most, "a number is in its range");
  require(std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; }),
          "a number is digits and nothing else");
  require(cli::parse_number(std::to_string(*number), range) == *number,
          "a number printed is the same number");
  return 0;
}
