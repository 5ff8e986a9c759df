// SPDX-License-Identifier: BSD-2-Clause
//
// The state of a FakeKernel as lines of text, so that two states can be compared and a difference
// read. Devices and networks have their names, not their numbers: a command that ran again may have
// got other numbers.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "fake_kernel.h"

namespace xvnet::test {

struct Snapshot {
  std::set<std::string> lines;
  std::map<std::string, bool> is_up;  // of every device, apart: an undone command may leave it down
};

Snapshot take_snapshot(const FakeKernel& kernel);

// "" when they are the same, or the lines only one of them has.
std::string difference(const Snapshot& expected, const Snapshot& actual);
// The same, but what was up may be down, which is the safe side, and the pin of a device that is
// gone may be gone.
std::string difference_but_safer(const Snapshot& before, const Snapshot& after);

// "tap0" for interfaces, "eth0/10" for vlans, "vlan10/02:00:00:00:00:01" for the FDB.
std::string key_text(const FakeKernel& kernel, TableId id, std::span<const std::byte> key);
std::string to_text(const Mac& mac);

}  // namespace xvnet::test
