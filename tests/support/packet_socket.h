// SPDX-License-Identifier: BSD-2-Clause
//
// A raw packet socket: the far end of a wire, or a listener in a host's stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "frame.h"
#include "netns.h"
#include "received.h"

namespace xvnet::test {

struct SocketOptions {
  // The protocol to receive. ETH_P_ALL receives every frame *before* tc ingress programs run. A
  // socket for one ethertype receives only the frames that these programs pass to the stack.
  uint16_t protocol = 0x0003;  // also receive what the interface sends
  bool outgoing = false;       // send and receive partial checksums and GSO frames as they are
  bool vnet_header = true;     // skip tc egress programs and send straight to the driver
  bool bypass_qdisc = false;   // send straight to the driver, past tc egress programs
};

class PacketSocket {
 public:
  // With an empty `dev`, the socket receives from all devices of the namespace and cannot send.
  PacketSocket(const NetNs& ns, const std::string& dev, const SocketOptions& options = {});

  void send(const Frame& frame);
  // Like send(), but returns the errno. 0 means sent.
  int try_send(const Frame& frame);
  std::optional<Received> receive();

  const std::string& dev() const { return dev_; }
  const NetNs& ns() const { return *ns_; }
  int fd() const { return fd_.get(); }

 private:
  const NetNs* ns_;
  std::string dev_;
  bool vnet_header_;
  UniqueFd fd_;
};

}  // namespace xvnet::test
