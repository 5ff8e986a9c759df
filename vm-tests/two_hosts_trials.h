// SPDX-License-Identifier: BSD-2-Clause
//
// Frames that somebody sends between the two hosts, and what has to become of each: a model of the
// network in a few lines.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "two_hosts_rig.h"

namespace xvnet::test {

inline const std::string kMacWire = "02:00:00:00:ee:01";  // somebody else at the cable
inline const std::string kMacTwin = "02:00:00:00:ee:02";  // behind a port of each tenant

struct Trial {
  Frame frame;
  Sightings expected;       // exactly these bytes at exactly these places
  std::string drop_reason;  // counted where it came in; empty: it is none of the drops
};

using Stations = std::vector<const Station*>;
Stations others_of(const Station& station);  // the other ones of its network
// Of an untagged frame of a station that these are to get, by the wire where they are elsewhere.
Trial carried(const Station& from, const Frame& frame, const Stations& receivers);

using Drops = std::map<std::string, int64_t>;
Drops drops_of(const std::vector<Trial>& trials);

// Everything a virtual machine may try, towards each MAC there is.
std::vector<Trial> hostile_trials(const Station& from);
// Everything that may come from the wire: a tenant's, the host's own, and what looks like both.
std::vector<Trial> wire_trials(int host);

}  // namespace xvnet::test
