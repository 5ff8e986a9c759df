// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/loopback.h"

#include "loader/base/interface.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kLoopback = LOOPBACK_IFINDEX;

Result<bool> is_needed(Tables& tables) {
  XVNET_ASSIGN(forwards, tables.forwards.entries());
  for (const auto& [key, forward] : forwards) {
    if (forward.state != abi::RECORD_COMPLETE) continue;
    XVNET_ASSIGN(address, tables.nat_addresses.find(key.address));
    if (address && address->flags & abi::NAT_ADDRESS_OF_HOST) return true;
  }
  return false;
}

// The interface entry records how to undo accept_local, so it is written first and erased last. A
// reply has a source address of the host; without accept_local the kernel drops it as spoofed.
Result<void> provide(Change& change) {
  XVNET_ASSIGN(link, change.host().find_link(kLoopback));
  XVNET_ASSIGN(entry, change.tables().interfaces.find(kLoopback));
  if (!link) return {};
  const std::uint16_t flags = link->accepts_local ? 0 : abi::INTERFACE_LOCAL_ACCEPTED;
  const abi::interface fresh{0, abi::INTERFACE_LOOPBACK, flags};
  XVNET_TRY(put_interface(change, kLoopback, entry.value_or(fresh)));
  XVNET_TRY(change.set_accept_local(*link, true));
  return change.attach(Program::kTcToForward, kLoopback, Hook::kTcEgress, false);
}

Result<void> withdraw(Change& change) {
  XVNET_ASSIGN(entry, change.tables().interfaces.find(kLoopback));
  if (!entry) return {};
  XVNET_TRY(change.detach(Program::kTcToForward, kLoopback, Hook::kTcEgress, false));
  XVNET_ASSIGN(link, change.host().find_link(kLoopback));
  if (link && entry->flags & abi::INTERFACE_LOCAL_ACCEPTED)
    XVNET_TRY(change.set_accept_local(*link, false));
  return erase_interface(change, kLoopback);
}

}  // namespace

Result<void> follow_loopback(Change& change) {
  XVNET_ASSIGN(needed, is_needed(change.tables()));
  return needed ? provide(change) : withdraw(change);
}

Result<std::vector<Placement>> loopback_placements(Tables& tables) {
  XVNET_ASSIGN(entry, tables.interfaces.find(kLoopback));
  if (!entry) return std::vector<Placement>{};
  return std::vector{Placement{Program::kTcToForward, kLoopback, Hook::kTcEgress, false}};
}

}  // namespace xvnet
