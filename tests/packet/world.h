// SPDX-License-Identifier: BSD-2-Clause
//
// The rig's tables as the model reads them: with device names, and with fresh and aged entries
// distinguished.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "answer_model.h"
#include "recipe.h"
#include "rig.h"

namespace xvnet::test {

struct World {
  struct Station {
    std::string device;
    uint32_t slot = 0;  // a slot of the learner, or FDB_SLOT_*
    bool fresh = false;

    bool operator==(const Station&) const = default;
  };
  struct Network {
    std::string uplink;  // empty: no uplink
    uint16_t vid = 0;
    uint16_t flags = 0;  // enum network_flags
  };
  struct Neighbour {
    std::string device;  // empty: not attached
    MacBytes mac{};      // zero: not known
  };
  struct Learner {
    uint32_t limit = 0;
    std::vector<MacBytes> slots;  // the first `limit` slots
  };
  using Fdb = std::map<std::pair<uint32_t, MacBytes>, Station>;

  std::map<std::string, abi::interface> interfaces;
  std::map<uint32_t, Network> networks;
  std::map<uint32_t, Ipv4Bytes> gateways;
  std::map<std::pair<uint32_t, Ipv4Bytes>, Neighbour> neighbours;
  std::map<std::pair<std::string, uint16_t>, uint32_t> vlans;  // by uplink and VID
  std::map<uint32_t, std::vector<std::string>> members;
  std::set<std::string> devices;                                 // devices that xvnet may send on
  std::set<std::string> counted;                                 // interfaces that have counters
  std::map<std::pair<uint32_t, std::string>, Learner> learners;  // by network and interface
  Fdb fdb;
};

World read_world(const Rig& rig);
// Reads again the tables that each frame may change.
void read_learnt(const Rig& rig, World& world);

// Applies a step that changes the tables.
void change_tables(Rig& rig, const Step& step);

}  // namespace xvnet::test
