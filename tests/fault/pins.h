// SPDX-License-Identifier: BSD-2-Clause
//
// The pins of an instance, looked at and tampered with past the program under test.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "process.h"

namespace xvnet::test {

// The next version of the program (next.cmake): the environment's XVNET_NEXT, which ctest sets.
std::string next_binary();

std::string pin_root(const std::string& instance);
// Of the ABI of the program under test.
std::string own_pins(const std::string& instance);

// How often a test under load upgrades: the environment's XVNET_FAULT_ROUNDS, or 25.
int upgrade_rounds();

// As if the pinned programs were another build's.
void forge_build(const std::string& instance, const std::string& build);

// As if so many networks had been made, and gone.
void set_next_network(const std::string& instance, std::uint32_t id);

// Fills a pinned hash up, with entries that stand for nothing.
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

// As if the network had all the members it may have; none of them is there.
void fill_members(const std::string& instance, std::uint32_t network);

// The ids of the pinned programs, by name.
std::map<std::string, std::uint32_t> program_ids(const std::string& instance);

}  // namespace xvnet::test
