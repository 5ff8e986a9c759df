// SPDX-License-Identifier: BSD-2-Clause
//
// Two machines with their own network stacks, each behind a port of one host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli.h"
#include "netns.h"

namespace xvnet::bench {

// The kind of port: the host's end of a veth, or a TAP. For a TAP, a thread passes frames to the
// machine as a hypervisor does, with TSO frames and partial checksums unchanged.
enum class PortKind { kVeth, kTap };

class Pump;

class MachinePair {
 public:
  explicit MachinePair(PortKind kind);
  ~MachinePair();

  const test::Host& host() const { return host_; }
  static std::string port(int machine) { return "port" + std::to_string(machine); }

  // Call this after the ports are connected.
  void start();
  // Returns the received bits per second of one TCP connection. Sender and receiver run on a CPU
  // each.
  double transfer(const std::vector<int>& cpus) const;

 private:
  const test::NetNs& guest(int machine) const { return guests_[static_cast<size_t>(machine)]; }

  test::NetNs guests_[2];
  test::Host host_;
  std::vector<std::unique_ptr<Pump>> pumps_;
};

}  // namespace xvnet::bench
