// SPDX-License-Identifier: BSD-2-Clause
//
// Ports: the devices of VMs or containers, each attached to one network.
//
// The order of steps makes a port fail closed. The device goes down first and up last. Its entry in
// `interfaces`, without which the programs drop its frames, is written only after all programs are
// pinned.
#pragma once

#include <string_view>

#include "loader/network.h"

namespace xvnet {

Result<Outcome> attach_port(Change& change, const PortRequest& request);

// Removes the port, and its network if that was implicit and this was its last port. The device is
// left down.
Result<Outcome> detach_port(Change& change, std::string_view device, bool delete_device);

// Attaches the inner end of a network's host interface. `host` is the MAC of the outer end, as a
// static entry that no VM can take.
Result<void> attach_host_port(Change& change, const Link& link, const Network& network,
                              const Mac& host);

// Detaches the device in whatever state the port is; keeps the network. The record stays with
// network 0, because it says whether xvnet created the device.
Result<void> take_port_apart(Change& change, std::uint32_t ifindex, const abi::port_record& record);

// Like take_port_apart(), and erases the record. Deletes the device on commit if `delete_device` is
// set.
Result<void> remove_port(Change& change, std::uint32_t ifindex, const abi::port_record& record,
                         bool delete_device);

// Writes the static FDB entry of the port's --mac, if it has one.
Result<void> add_static_mac(Change& change, std::uint32_t ifindex, const abi::port_record& record);
// Erases the static FDB entry of the port's --mac, if it belongs to this port.
Result<void> remove_static_mac(Change& change, std::uint32_t ifindex,
                               const abi::port_record& record);

struct PortEntry {
  std::uint32_t ifindex = 0;
  abi::port_record record{};
};

// Finds a port by the current name of its device, or by the recorded name if the device is gone.
Result<std::optional<PortEntry>> find_port(Change& change, std::string_view device);

}  // namespace xvnet
