// SPDX-License-Identifier: BSD-2-Clause
//
// What has to come of any frame on any state of the tables, by the standards and by
// docs/packet-path.md. Written apart from bpf/, so that the one checks the other.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "outcome.h"
#include "world.h"

namespace xvnet::test {

struct Sent {
  Program program = Program::kFromVm;
  std::string from;
  bool own_mark = false;  // the mark of frames that xvnet put into the uplink
  Bytes frame;
};

struct Prediction {
  // As a test run shows it. The bytes of a dropped frame are nobody's.
  Outcome outcome;
  std::map<std::string, Bytes> copies;  // of a flood, as the devices give them out
  std::string target;                   // of a redirect; "host": the uplink's receive path
  Bytes redirected;                     // with its tag, wherever the hook keeps it
  std::optional<Bytes> host;            // what the host's stack gets, be it a copy
  std::string reason;                   // of reasons.def
  World::Fdb fdb;                       // afterwards, the fresh entries; slots are not predicted
};

// None where the tables disagree about the uplink of the frame's network, as the loader never
// leaves them.
std::optional<Prediction> predict(const World& world, Hook hook, const Sent& sent);

// The fresh entries of an FDB, any slot of a learner as slot 0: what a prediction is compared with.
World::Fdb fresh_entries(const World::Fdb& fdb);

}  // namespace xvnet::test
