// SPDX-License-Identifier: BSD-2-Clause
//
// What a fuzz target is written with. A target is one file that defines LLVMFuzzerTestOneInput and
// says by require() what must hold; libFuzzer or replay.cc calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace xvnet::test {

// What must hold does not. Nothing catches it under libFuzzer, which keeps the input then.
struct FuzzFinding : std::logic_error {
  using std::logic_error::logic_error;
};

inline void require(bool holds, const std::string& promise) {
  if (!holds) throw FuzzFinding("does not hold: " + promise);
}

inline std::string_view text_of_input(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace xvnet::test
