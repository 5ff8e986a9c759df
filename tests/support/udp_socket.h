// SPDX-License-Identifier: BSD-2-Clause
//
// A UDP socket of a namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netns.h"

namespace xvnet::test {

struct Datagram {
  std::string ip;  // of the sender
  uint16_t port = 0;
  std::string text;
};

class UdpSocket {
 public:
  // Port 0 means any free port.
  UdpSocket(const NetNs& ns, const std::string& ip, uint16_t port);

  void send(const std::string& ip, uint16_t port, const std::string& text) const;
  // receive() waits up to kSeconds for a datagram. receive_now() only returns one that has arrived
  // already.
  std::optional<Datagram> receive() const { return receive(kSeconds * 1000); }
  std::optional<Datagram> receive_now() const { return receive(0); }

 private:
  static constexpr int kSeconds = 10;
  std::optional<Datagram> receive(int milliseconds) const;

  UniqueFd fd_;
};

}  // namespace xvnet::test
