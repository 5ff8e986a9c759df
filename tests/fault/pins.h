// SPDX-License-Identifier: BSD-2-Clause
//
// The pins of an instance, looked at and tampered with past the program under test.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace xvnet::test {

// The next version of the program (next.cmake): the environment's XVNET_NEXT, which ctest sets.
std::string next_binary();

std::string pin_root(const std::string& instance);
// Of the ABI of the program under test.
std::string own_pins(const std::string& instance);

// As if the pinned programs were another build's.
void forge_build(const std::string& instance, const std::string& build);

// The ids of the pinned programs, by name.
std::map<std::string, std::uint32_t> program_ids(const std::string& instance);

}  // namespace xvnet::test
