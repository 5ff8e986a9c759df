// SPDX-License-Identifier: BSD-2-Clause
//
// The state of a FakeHost as lines of text, so that two states can be compared and a difference
// can be read. Devices and networks appear by name, because a repeated command may get other
// numbers.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "fake_host.h"

namespace xvnet::test {

struct Snapshot {
  std::set<std::string> lines;
  std::map<std::string, bool> is_up;  // kept apart, as an undone command may leave a device down
};

Snapshot take_snapshot(const FakeHost& host);

// The lines that only one of the snapshots has, or "" when the snapshots are equal.
std::string difference(const Snapshot& expected, const Snapshot& actual);
// Like difference(), but a device may have gone down, which is the safe side. The pin of a device
// that is gone may also be gone.
std::string difference_but_safer(const Snapshot& before, const Snapshot& after);

// Prints "tap0" for interfaces, "eth0/10" for vlans, "vlan10/02:00:00:00:00:01" for the FDB.
std::string key_text(const FakeHost& host, TableId id, std::span<const std::byte> key);
std::string to_text(const Mac& mac);

}  // namespace xvnet::test
