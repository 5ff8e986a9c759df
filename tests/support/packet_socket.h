// SPDX-License-Identifier: BSD-2-Clause
//
// A raw packet socket: the far end of a wire, or an ear in a host's stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "frame.h"
#include "netns.h"
#include "received.h"

namespace xvnet::test {

struct SocketOptions {
  // Which protocol to hear. ETH_P_ALL hears everything *before* tc ingress programs run; a socket
  // for one ethertype hears only what these let through to the stack.
  uint16_t protocol = 0x0003;  // ETH_P_ALL
  bool outgoing = false;       // hear what the interface sends, too
  bool vnet_header = true;     // see and send unfinished checksums and GSO frames as they are
  bool bypass_qdisc = false;   // send straight to the driver, past tc egress programs
};

class PacketSocket {
 public:
  // An empty `dev` hears all devices of the namespace, and cannot send.
  PacketSocket(const NetNs& ns, const std::string& dev, const SocketOptions& options = {});

  void send(const Frame& frame);
  // The same, giving the errno instead of throwing; 0 when sent.
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
