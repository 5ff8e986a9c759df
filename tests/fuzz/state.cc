// SPDX-License-Identifier: BSD-2-Clause
#include "cli/state_file.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

int ways_to_a_network(const PortRequest& port) {
  return (port.vid ? 1 : 0) + (port.untagged ? 1 : 0) + (port.network.empty() ? 0 : 1);
}

void check_accepted(const DesiredState& state) {
  for (const UplinkRequest& uplink : state.uplinks)
    require(!uplink.device.empty(), "an uplink has a name");
  for (const NetworkRequest& network : state.networks)
    require(!network.name.empty(), "a network has a name");
  for (const ForwardRequest& forward : state.forwards) {
    require(!forward.network.empty(), "a forward belongs to a network");
    require((forward.protocol == ForwardProtocol::kAll) == (forward.outside_port == 0),
            "a forward has a port, and a floating address has none");
  }
  for (const PortRequest& port : state.ports) {
    require(!port.device.empty(), "a port has a name");
    require(ways_to_a_network(port) == 1, "a port is in one network");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto state = cli::parse_state(std::string(test::text_of_input(data, size)));
  if (!state) {
    require(!state.error().message.empty(), "a refusal says why");
    return 0;
  }
  check_accepted(*state);
  const std::string written = cli::format_state(*state);
  const auto again = cli::parse_state(written);
  require(again.has_value(), "what is saved can be restored");
  require(cli::format_state(*again) == written, "a state written and read is the same state");
  return 0;
}
