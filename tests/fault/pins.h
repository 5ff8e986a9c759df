// SPDX-License-Identifier: BSD-2-Clause
//
// Reads and changes the pins of an instance without the program under test.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "process.h"

namespace xvnet::test {

// The program's next version (next.cmake), from the environment variable XVNET_NEXT, which ctest
// sets.
std::string next_binary();

std::string pin_root(const std::string& instance);
// The pin directory of the instance, for the ABI of the program under test.
std::string own_pins(const std::string& instance);

// The number of upgrades in a test under load: the environment variable XVNET_FAULT_ROUNDS, or 25.
int upgrade_rounds();

// Makes the pinned programs look like those of another build.
void forge_build(const std::string& instance, const std::string& build);

// Sets the next network id, as if many networks had been made and deleted.
void set_next_network(const std::string& instance, std::uint32_t id);

// Fills a pinned hash with dummy entries.
class FilledTable {
 public:
  FilledTable(const std::string& instance, const std::string& table);
  ~FilledTable();
  FilledTable(const FilledTable&) = delete;
  FilledTable& operator=(const FilledTable&) = delete;

 private:
  UniqueFd map_;
  std::vector<std::vector<std::byte>> keys_;
};

// Fills a network's member list with members that do not exist.
void fill_members(const std::string& instance, std::uint32_t network);

// The ids of the pinned programs, by name.
std::map<std::string, std::uint32_t> program_ids(const std::string& instance);

}  // namespace xvnet::test
