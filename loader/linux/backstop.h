// SPDX-License-Identifier: BSD-2-Clause
//
// A port's backstop: a chain of nf_tables at the device's ingress, behind all tc programs, that
// drops everything. The port's own program deals with every frame, so nothing gets there; should
// the program go, nothing gets past. It needs no pin, no link and no filter of xvnet's, and costs
// nothing per frame.
//
//   table netdev xvnet { chain port-12 { comment "xvnet"; type filter hook ingress device "tap0"
//   priority 0; policy drop; } }
//
// The comment is the instance: a chain outlives all pins, and instances share the table.
//
// Where the kernel has no nf_tables there is none, and none is missed.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "loader/linux/netlink_socket.h"
#include "loader/result.h"

namespace xvnet {

// In the network namespace of the thread that asks first. The socket stays open: to close it waits
// for what was removed.
class Backstops {
 public:
  struct Place {
    std::uint32_t ifindex;
    std::string device;  // the name that the chain knows it by
  };

  explicit Backstops(std::string instance) : instance_(std::move(instance)) {}

  Result<void> set(std::uint32_t ifindex, bool on);
  // It could have one. One of another instance is none.
  Result<bool> lacks(std::uint32_t ifindex);
  // Of this instance, also of devices that are gone.
  Result<std::vector<Place>> list();

 private:
  using Done = std::expected<void, NetlinkError>;

  Done open();
  template <typename... Changes>
  Done change(Changes... changes);
  Done ask(const NetlinkMessage& question, const NetlinkSocket::Handler& handler);
  Done add(std::uint32_t ifindex);
  Done remove(std::uint32_t ifindex);

  std::string instance_;
  std::optional<NetlinkSocket> socket_;
};

}  // namespace xvnet
