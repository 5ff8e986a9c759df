// SPDX-License-Identifier: BSD-2-Clause
//
// Operations that ports and uplinks share: programs, learners, and device settings to restore.
#pragma once

#include <string>

#include "loader/base/change.h"
#include "loader/base/mode.h"

namespace xvnet {

constexpr std::uint32_t kNoOwner = 0xffffffff;  // device_record::owner: no owner was set

// Whether a record still describes the device with its ifindex.
enum class Presence {
  kHere,      // the device is the recorded one
  kGone,      // no device has the ifindex
  kReplaced,  // another device has the ifindex, or the programs were removed
};

// The last two bytes of the MAC, as stored in device_record::mac_tail.
std::uint16_t mac_tail(const Link& link);

// Compares the kind, and the name or the MAC; the ifindex is assumed to match already.
bool is_as_recorded(const Link& link, const abi::device_record& record);

Result<Presence> presence_of(const Host& host, std::uint32_t ifindex,
                             const abi::device_record& record);

// Whether `name` identifies the device of the record. `named` is the link that currently has that
// name. A present device is identified by its ifindex only, because it may have been renamed; a
// device that is gone, by its recorded name.
Result<bool> is_device(const Host& host, std::uint32_t ifindex, const abi::device_record& record,
                       std::string_view name, const std::optional<Link>& named);
// Returns the current name, or the recorded one if the device is gone.
Result<std::string> present_name(const Host& host, std::uint32_t ifindex,
                                 const abi::device_record& record);

// Refuses loopback, non-Ethernet devices (TUN), and members of bridges and bonds. `doing` begins
// the error message.
Result<void> check_device(std::string_view doing, const Link& link);

// Refuses a device that another instance uses: both would carry its frames, and either could set it
// down. Two concurrent commands of two instances are not protected against each other.
Result<void> check_is_not_shared(const Host& host, std::string_view doing, const Link& link);

// Refuses a device that the host uses (Host::host_use()) or that cannot be a VM's, such as a
// bridge or a tunnel. `doing` begins the error message.
Result<void> check_is_not_hosts(const Host& host, std::string_view doing, const Link& link);

abi::device_record make_device_record(const Link& link, const ModeChoice& choice, Mode asked);

Mode mode_of(std::uint16_t record_mode);
abi::device_kind device_kind_of(const Link& link);

// The programs of a port or an uplink.
struct ProgramSet {
  Program xdp;
  Program ingress;
  std::optional<Program> egress;
};

constexpr ProgramSet kPortPrograms{Program::kXdpFromVm, Program::kTcFromVm, std::nullopt};
constexpr ProgramSet kUplinkPrograms{Program::kXdpFromUplink, Program::kTcFromUplink,
                                     Program::kTcFromHost};

Result<void> attach_programs(Change& change, std::uint32_t ifindex, const ProgramSet& programs,
                             const abi::device_record& record);
Result<void> detach_programs(Change& change, std::uint32_t ifindex, const ProgramSet& programs,
                             const abi::device_record& record);

// The features to turn on again. They are recorded before they are turned off, so an interrupted
// command loses nothing.
std::uint32_t restore_flags(const ModeChoice& choice);
// Adds the NIC's VLAN filter to the features to turn off. The filter drops VIDs that are not
// registered with it, and an uplink needs all VIDs in any mode.
Result<void> add_vlan_filter(const Host& host, const Link& uplink, ModeChoice& choice);
Result<void> turn_off_features(Change& change, std::uint32_t ifindex, const ModeChoice& choice);
Result<void> restore_features(Change& change, std::uint32_t ifindex,
                              const abi::device_record& record);

// Returns the MTU that the record asks for, else the link's MTU, in bytes.
std::uint32_t mtu_of(const abi::device_record& record, const Link& link);

// Save, set and restore the MTU, ARP and IPv6 of a device that becomes a port. remember_device()
// records the current values. prepare_device() turns ARP and IPv6 off and sets the MTU.
// restore_device() restores the values, except those that the operator has changed since.
void remember_device(abi::device_record& record, const Link& link);
Result<void> prepare_device(Change& change, const Link& link, const abi::device_record& record);
Result<void> restore_device(Change& change, const Link& link, const abi::device_record& record);

// A learner holds the MACs learned on an interface in a network. Its limit counts against the FDB's
// capacity.
Result<void> add_learner(Change& change, std::uint32_t network, std::uint32_t ifindex,
                         std::uint32_t limit);
// Keeps the learned MACs that fit the new limit.
Result<void> resize_learner(Change& change, std::uint32_t network, std::uint32_t ifindex,
                            std::uint32_t limit);
Result<void> remove_learner(Change& change, std::uint32_t network, std::uint32_t ifindex);

}  // namespace xvnet
