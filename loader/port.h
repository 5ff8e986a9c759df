// SPDX-License-Identifier: BSD-2-Clause
//
// Ports: a device of a VM or container, attached to one network.
//
// The order of steps is what makes a port fail closed: it goes down first and up last, and its
// interfaces entry, by which the programs let anything pass, comes after every program is pinned.
#pragma once

#include <string_view>

#include "loader/network.h"

namespace xvnet {

Result<Outcome> attach_port(Change& change, const PortRequest& request);

// The port goes; its network too if it was implied and this was its last port. The device is left
// down.
Result<Outcome> detach_port(Change& change, std::string_view device, bool delete_device);

// The inner end of a network's host interface, whose MAC no VM can take.
Result<void> attach_host_port(Change& change, const Link& link, const Network& network,
                              const Mac& host);

// Takes a port apart, whatever state it is in; its network stays. A record of no network remains,
// which still knows who made the device.
Result<void> take_port_apart(Change& change, std::uint32_t ifindex, const abi::port_record& record);

// The same, and forgets the port; deletes its device if that is asked for.
Result<void> remove_port(Change& change, std::uint32_t ifindex, const abi::port_record& record,
                         bool delete_device);

// The FDB's entry of the port's --mac, if it has one.
Result<void> add_static_mac(Change& change, std::uint32_t ifindex, const abi::port_record& record);
// The same, if it is the port's.
Result<void> remove_static_mac(Change& change, std::uint32_t ifindex,
                               const abi::port_record& record);

struct PortEntry {
  std::uint32_t ifindex = 0;
  abi::port_record record{};
};

// By the device's present name, or by the recorded one when the device is gone.
Result<std::optional<PortEntry>> find_port(Change& change, std::string_view device);

}  // namespace xvnet
