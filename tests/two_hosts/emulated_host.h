// SPDX-License-Identifier: BSD-2-Clause
//
// A host in qemu: a Debian kernel, xvnet, and the agent that carries out requests (host_agent.cc).
// tests/two_hosts/run sets environment variables that name its kernel and initramfs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "channel.h"
#include "cli.h"
#include "frame.h"

namespace xvnet::test {

class EmulatedHost {
 public:
  // Starts the boot. The first request waits for it. `cable` becomes eth0 of the host and gets that
  // MAC.
  EmulatedHost(const std::string& name, UniqueFd cable, const std::string& mac);

  // Runs a command in the network namespace of the container behind the port `in`, or on the host
  // if `in` is "host".
  CommandResult run(const std::string& in, const Words& command);
  // Returns the output. Throws a SetupError for any exit code but 0.
  std::string must(const std::string& in, const Words& command);
  // Parses the output of `xvnet --json ARGS`.
  nlohmann::json xvnet(const Words& args);

  // Adds a veth pair for a port. Its other end is "eth0" in a new container. The port is neither
  // attached nor up.
  void add_container(const std::string& port);
  // Starts to listen at a place: a container's port, an attached TAP, or "host". Only then can
  // frames be sent there.
  void listen(const std::string& place);
  void send(const std::string& place, const std::vector<Frame>& frames);
  // The frames that came out at each place since the last call. All frames that were sent to the
  // host before are processed by then.
  std::map<std::string, std::vector<Bytes>> hear();

 private:
  nlohmann::json ask(const nlohmann::json& request);

  std::string name_;
  UniqueFd agent_end_;  // qemu's end, until qemu has started
  Channel channel_;
  RunningCommand qemu_;
};

}  // namespace xvnet::test
