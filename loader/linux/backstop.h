// SPDX-License-Identifier: BSD-2-Clause
//
// A port's backstop: a chain of nf_tables at the device's ingress, behind all tc programs, that
// drops everything. The port's own program deals with every frame, so nothing gets there; should
// the program go, nothing gets past. It needs no pin, no link and no filter of xvnet's, and costs
// nothing per frame.
//
//   table netdev xvnet { chain port-12 { type filter hook ingress device "tap0" priority 0; policy
//   drop; } }
//
// Where the kernel has no nf_tables there is none, and none is missed.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "loader/linux/netlink_socket.h"
#include "loader/result.h"

namespace xvnet {

// In the network namespace of the thread that asks first. The socket stays open: to close it waits
// for what was removed.
class Backstops {
 public:
  Result<void> set(std::uint32_t ifindex, bool on);
  // It could have one.
  Result<bool> lacks(std::uint32_t ifindex);

 private:
  using Done = std::expected<void, NetlinkError>;

  Done open();
  template <typename... Changes>
  Done change(Changes... changes);
  Done ask(const NetlinkMessage& question, const NetlinkSocket::Handler& handler);
  Done add(std::uint32_t ifindex);
  Done remove(std::uint32_t ifindex);

  std::optional<NetlinkSocket> socket_;
};

}  // namespace xvnet
