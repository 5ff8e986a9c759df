// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/verifier_log.h"

#include <algorithm>

#include "target.h"

using namespace xvnet;
using xvnet::test::require;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view log = test::text_of_input(data, size);
  const Refusal refusal = read_refusal(log);
  require(!refusal.cause.contains('\n'), "the cause is one line");
  require(log.contains(refusal.cause), "the cause is part of the log");
  require(log.contains(refusal.program), "the program is part of the log");
  constexpr auto kContextLines = 6;
  require(std::ranges::count(refusal.context, '\n') <= kContextLines, "the context is a few lines");
  require(!refusal.cause.empty() || refusal.context.empty(), "there is no context without a cause");
  const bool framed = log.contains("-- BEGIN PROG LOAD LOG --");
  require(framed || (refusal.cause.empty() && refusal.program.empty()),
          "a log without verifier output contains no refusal");
  return 0;
}
