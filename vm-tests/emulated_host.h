// SPDX-License-Identifier: BSD-2-Clause
//
// A host in qemu: a Debian kernel, xvnet, and the agent (host_agent.cc) that does what it is asked.
// What it boots from is in the environment that vm-tests/two_hosts sets.
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
  // Boots; the first request waits for it. `cable` becomes its eth0, with that MAC.
  EmulatedHost(const std::string& name, UniqueFd cable, const std::string& mac);

  // In the network namespace of the container behind that port, or "host".
  CommandResult run(const std::string& in, const Words& command);
  // Anything but exit code 0 is a SetupError. Gives what it printed.
  std::string must(const std::string& in, const Words& command);
  // `xvnet --json ARGS`, parsed.
  nlohmann::json xvnet(const Words& args);

  // A veth port and a container behind it, whose end is "eth0"; not yet attached, not yet up.
  void add_container(const std::string& port);
  // A container's port, an attached TAP, or "host": from now on frames are sent and heard there.
  void listen(const std::string& place);
  void send(const std::string& place, const std::vector<Frame>& frames);
  // What came out at each place since the last time: all that the host had been sent before.
  std::map<std::string, std::vector<Bytes>> hear();

 private:
  nlohmann::json ask(const nlohmann::json& request);

  std::string name_;
  UniqueFd agent_end_;  // qemu's, until it has started
  Channel channel_;
  RunningCommand qemu_;
};

}  // namespace xvnet::test
