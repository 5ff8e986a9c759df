// SPDX-License-Identifier: BSD-2-Clause
//
// Frames that are sent between the two hosts, and the expected outcome of each. Together they are a
// small model of the network.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rig.h"

namespace xvnet::test {

inline const std::string kMacWire = "02:00:00:00:ee:01";  // a third party on the cable
inline const std::string kMacTwin = "02:00:00:00:ee:02";  // behind a port of each tenant

struct Trial {
  Frame frame;
  Sightings expected;       // exactly these bytes at exactly these places
  std::string drop_reason;  // counted where the frame came in; empty: no drop
};

using Stations = std::vector<const Station*>;
Stations others_of(const Station& station);  // the other stations of its network
// An untagged frame that a station sends to these receivers. Receivers on the other host get it
// over the wire.
Trial carried(const Station& from, const Frame& frame, const Stations& receivers);

using Drops = std::map<std::string, int64_t>;
Drops drops_of(const std::vector<Trial>& trials);

// All frames that a hostile VM may send, to each MAC that exists.
std::vector<Trial> hostile_trials(const Station& from);
// All frames that may come from the wire: frames of tenants, frames of the host, and frames that
// look like both.
std::vector<Trial> wire_trials(int host);

}  // namespace xvnet::test
