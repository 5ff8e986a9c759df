// SPDX-License-Identifier: BSD-2-Clause
//
// What ports and uplinks have in common: a device with programs, counters, and things to restore.
#pragma once

#include <string>

#include "loader/change.h"
#include "loader/mode.h"

namespace xvnet {

// Where a record and its device stand to each other.
enum class Presence {
  kHere,     // the device is the one the record is about
  kGone,     // no device has the ifindex
  kSevered,  // the ifindex is another device's now, or the programs were torn off it
};

// Of its MAC, for device_record.
std::uint16_t mac_tail(const Link& link);

// By kind, and by name or MAC: the number is the record's already.
bool is_as_recorded(const Link& link, const abi::device_record& record);

Result<Presence> presence_of(const Kernel& kernel, std::uint32_t ifindex,
                             const abi::device_record& record);

// Whether who says `name` means this record; `named` is the link that has the name. A device is
// known by its number, and by the recorded name only when it is gone: it may have been renamed.
Result<bool> is_device(const Kernel& kernel, std::uint32_t ifindex,
                       const abi::device_record& record, std::string_view name,
                       const std::optional<Link>& named);
// The recorded name when the device is gone.
Result<std::string> present_name(const Kernel& kernel, std::uint32_t ifindex,
                                 const abi::device_record& record);

// Loopback, TUN, members of bridges and bonds: refused. `doing` begins the message.
Result<void> check_device(std::string_view doing, const Link& link);

// A device is one instance's: two of them would each carry its frames, and either take it down.
// Nothing keeps two commands of two instances from asking at the same moment.
Result<void> check_is_not_shared(const Kernel& kernel, std::string_view doing, const Link& link);

// Whether the device can be a VM's: the host neither has addresses nor a default route on it, and
// it is no bridge, tunnel or the like. `doing` begins the message.
Result<void> check_is_not_hosts(const Kernel& kernel, std::string_view doing, const Link& link);

abi::device_record make_device_record(const Link& link, const ModeChoice& choice, Mode asked);

Mode mode_of(std::uint16_t record_mode);
abi::device_kind device_kind_of(const Link& link);

// The programs of a device in a role, in the order they are attached.
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

// What has to be turned on again goes into the record first, so that a command that is killed loses
// nothing.
std::uint32_t restore_flags(const ModeChoice& choice);
// A NIC drops the VIDs nobody registered, and an uplink wants them all in any mode.
Result<void> add_vlan_filter(const Kernel& kernel, const Link& uplink, ModeChoice& choice);
Result<void> turn_off_features(Change& change, std::uint32_t ifindex, const ModeChoice& choice);
Result<void> restore_features(Change& change, std::uint32_t ifindex,
                              const abi::device_record& record);

// What is to be set of the device is asked for in the record.
std::uint32_t mtu_of(const abi::device_record& record, const Link& link);

// The MTU, ARP and IPv6 of a device that becomes a port. They go into the record as they are, then
// the device is silenced and gets its MTU; at the end it gets them back, but for what the operator
// changed meanwhile.
void remember_device(abi::device_record& record, const Link& link);
Result<void> settle_device(Change& change, const Link& link, const abi::device_record& record);
Result<void> restore_device(Change& change, const Link& link, const abi::device_record& record);

// The learned MACs of an interface in a network, its learner, and with them its place in the FDB's
// budget.
Result<void> add_learner(Change& change, std::uint32_t network, std::uint32_t ifindex,
                         std::uint32_t limit);
// What is learned stays, as far as there is room for it.
Result<void> resize_learner(Change& change, std::uint32_t network, std::uint32_t ifindex,
                            std::uint32_t limit);
Result<void> remove_learner(Change& change, std::uint32_t network, std::uint32_t ifindex);

}  // namespace xvnet
