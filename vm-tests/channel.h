// SPDX-License-Identifier: BSD-2-Clause
//
// What the tests on this machine and the agent in an emulated host say to each other: one JSON
// value at a time, as CBOR behind its length, so that frames travel as bytes.
#pragma once

#include <nlohmann/json.hpp>

#include "process.h"

namespace xvnet::test {

// As much of a frame as is kept: test frames are shorter, and of a file transfer's frames the
// headers are looked at.
constexpr size_t kKeptBytes = 256;

class Channel {
 public:
  explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}

  // Throw a SetupError when the other side is gone, or when the descriptor has a limit of time and
  // it is over.
  void send(const nlohmann::json& message);
  nlohmann::json receive();

 private:
  UniqueFd fd_;
};

}  // namespace xvnet::test
