// SPDX-License-Identifier: BSD-2-Clause
//
// Two machines with a network stack of their own, each behind a port of one host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli.h"
#include "netns.h"

namespace xvnet::bench {

// What the port is: the host's end of a veth, or a TAP, from which a thread carries the frames to
// the machine as a hypervisor does, TSO frames and unfinished checksums as they are.
enum class PortKind { kVeth, kTap };

class Pump;

class MachinePair {
 public:
  explicit MachinePair(PortKind kind);
  ~MachinePair();

  const test::Host& host() const { return host_; }
  static std::string port(int machine) { return "port" + std::to_string(machine); }

  // Once the ports are connected.
  void start();
  // Bits a second that arrived, of one TCP connection. Sender and receiver have a CPU each.
  double transfer(const std::vector<int>& cpus) const;

 private:
  const test::NetNs& guest(int machine) const { return guests_[static_cast<size_t>(machine)]; }

  test::NetNs guests_[2];
  test::Host host_;
  std::vector<std::unique_ptr<Pump>> pumps_;
};

}  // namespace xvnet::bench
