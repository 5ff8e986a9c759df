// SPDX-License-Identifier: BSD-2-Clause
//
// Ports: the devices of VMs or containers, each attached to one network.
//
// The order of steps makes a port fail closed. The device goes down first and up last. Its entry in
// `interfaces`, without which the programs drop its frames, is written only after all programs are
// pinned.
#pragma once

#include <string_view>

#include "loader/base/change.h"
#include "loader/base/mode.h"
#include "loader/model/records.h"

namespace xvnet {

// Makes the device a port: its settings, programs and tables. The record says what it was before.
Result<void> bring_in(Change& change, const Link& link, abi::port_record record,
                      const ModeChoice& choice);

// Attaches the inner end of a network's host interface. `host` is the MAC of the outer end, as a
// static entry that no VM can take.
Result<void> attach_host_port(Change& change, const Link& link, const Network& network,
                              const Mac& host);

// Detaches the device in whatever state the port is; keeps the network. The record stays with
// network 0, because it says whether xvnet created the device.
Result<void> dismantle_port(Change& change, std::uint32_t ifindex, const abi::port_record& record);

// Like dismantle_port(), and erases the record. Deletes the device on commit if `delete_device` is
// set.
Result<void> remove_port(Change& change, std::uint32_t ifindex, const abi::port_record& record,
                         bool delete_device);

// Writes the static FDB entry of the port's --mac, if it has one.
Result<void> add_static_mac(Change& change, std::uint32_t ifindex, const abi::port_record& record);
// Erases the static FDB entry of the port's --mac, if it belongs to this port.
Result<void> remove_static_mac(Change& change, std::uint32_t ifindex,
                               const abi::port_record& record);

}  // namespace xvnet
