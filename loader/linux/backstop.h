// SPDX-License-Identifier: BSD-2-Clause
//
// A port's backstop: an nf_tables chain at the device's ingress that drops everything. It runs
// after all tc programs. The port's program handles every frame, so none reaches the chain; without
// the program, the chain drops all frames. A backstop needs no pin, link or filter of xvnet, and
// costs nothing per frame.
//
//   table netdev xvnet { chain port-12 { comment "xvnet"; type filter hook ingress device "tap0"
//   priority 0; policy drop; } }
//
// The comment names the instance: a chain outlives all pins, and instances share the table.
//
// A kernel without nf_tables has no backstops, and lacks() returns false.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.h"
#include "loader/linux/netlink_socket.h"

namespace xvnet {

// Works in the network namespace of the thread that makes the first call. The socket stays open,
// because closing it waits until the kernel has freed what was removed.
class Backstops {
 public:
  struct Place {
    std::uint32_t ifindex;
    std::string device;  // the device name that the chain matches
  };

  explicit Backstops(std::string instance) : instance_(std::move(instance)) {}

  Result<void> set(std::uint32_t ifindex, bool on);
  // Whether the device has no backstop although the kernel supports it. A backstop of another
  // instance does not count.
  Result<bool> lacks(std::uint32_t ifindex);
  // The backstops of this instance, also those of devices that are gone.
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
