// SPDX-License-Identifier: BSD-2-Clause
//
// The protocol between the tests on this machine and the agent in an emulated host. Each message is
// one JSON value, encoded as CBOR and preceded by its length, so that frames travel as bytes.
#pragma once

#include <nlohmann/json.hpp>

#include "process.h"

namespace xvnet::test {

// The number of bytes that are kept of a frame. Test frames are shorter. Of a file transfer's
// frames, only the headers are checked.
constexpr size_t kKeptBytes = 256;

class Channel {
 public:
  explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}

  // These throw a SetupError when the other side is gone, or when the descriptor's time limit has
  // passed.
  void send(const nlohmann::json& message);
  nlohmann::json receive();

 private:
  UniqueFd fd_;
};

}  // namespace xvnet::test
