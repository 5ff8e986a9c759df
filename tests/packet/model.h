// SPDX-License-Identifier: BSD-2-Clause
//
// Predicts the outcome of any frame on any state of the tables, by the standards and by
// docs/packet-path.md. The model is written independently of bpf/, so that each checks the other.
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
  // The outcome as a test run shows it. The bytes of a dropped frame are not compared.
  Outcome outcome;
  std::map<std::string, Bytes> copies;  // copies of a flood, as each device sends them
  std::string target;                   // target of a redirect; "host": the uplink's receive path
  Bytes redirected;                     // with its tag, wherever the hook keeps it
  std::optional<Bytes> host;            // the frame or copy that the host's stack gets
  std::string reason;                   // a name from reasons.def
  World::Fdb fdb;                       // the fresh entries afterwards; slots are not predicted
};

// Empty when the tables disagree about the uplink of the frame's network. The loader never leaves
// such a state.
std::optional<Prediction> predict(const World& world, Hook hook, const Sent& sent);

// The fresh entries of an FDB, with every learned slot shown as 0, for comparison with a
// prediction.
World::Fdb fresh_entries(const World::Fdb& fdb);

}  // namespace xvnet::test
