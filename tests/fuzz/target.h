// SPDX-License-Identifier: BSD-2-Clause
//
// The interface of a fuzz target. A target is one file that defines LLVMFuzzerTestOneInput and
// states with require() what must hold. libFuzzer or replay.cc calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace xvnet::test {

// A condition of require() is false. Under libFuzzer, nothing catches the exception, so libFuzzer
// stores the input.
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
