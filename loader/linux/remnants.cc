// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/remnants.h"

#include <bpf/bpf.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "loader/linux/bpf_object.h"
#include "loader/linux/clsact.h"
#include "loader/linux/other_instance.h"
#include "loader/linux/pinned_link.h"
#include "maps/interfaces.h"

namespace xvnet {
namespace {

// One of these runs on each port, each uplink and lo.
constexpr std::array kShown = {Program::kTcFromVm, Program::kTcFromUplink, Program::kTcFromHost,
                               Program::kTcToForward};

std::vector<std::uint32_t> devices_here() {
  struct Free {
    void operator()(struct if_nameindex* list) const { if_freenameindex(list); }
  };
  const std::unique_ptr<struct if_nameindex, Free> list(if_nameindex());
  std::vector<std::uint32_t> devices;
  for (const auto* each = list.get(); each && each->if_index; each++)
    devices.push_back(each->if_index);
  return devices;
}

// Identifies a program by its pin, else by its name, which the kernel does not tell every caller.
std::optional<Program> program_of(const PinRoot& root, std::uint32_t id) {
  const FileDescriptor fd(bpf_prog_get_fd_by_id(id));
  const auto info = fd.is_open() ? program_info(fd) : std::unexpected(ENOENT);
  const auto found = std::ranges::find_if(kShown, [&](Program each) {
    return pinned_program_id(root.program(program_name(each))) == id ||
           (info && program_name(each) == info->name);
  });
  return found == kShown.end() ? std::nullopt : std::optional(*found);
}

// Returns 0 if the hook runs no program of the instance.
Result<std::uint32_t> running_id(const PinRoot& root, const Attachments& attachments,
                                 std::uint32_t ifindex, Hook hook) {
  XVNET_ASSIGN(state, attachments.state(ifindex, hook));
  if (!runs(state)) return 0;
  const std::uint32_t linked = link_program_id(root.link(ifindex, hook));
  return linked ? Result<std::uint32_t>(linked) : filter_program_id(root, ifindex, hook);
}

// An uplink has programs in both directions, a port only at ingress, and lo only at egress. A
// device that is not known to be a port counts as an uplink, because uplinks belong to the host.
Result<std::optional<Program>> role_of(const PinRoot& root, const Attachments& attachments,
                                       std::uint32_t ifindex) {
  XVNET_ASSIGN(ingress, running_id(root, attachments, ifindex, Hook::kTcIngress));
  XVNET_ASSIGN(egress, running_id(root, attachments, ifindex, Hook::kTcEgress));
  if (!ingress && !egress) return std::nullopt;
  if (ifindex == LOOPBACK_IFINDEX) return Program::kTcToForward;
  if (egress) return Program::kTcFromUplink;
  return program_of(root, ingress) == Program::kTcFromVm ? Program::kTcFromVm
                                                         : Program::kTcFromUplink;
}

}  // namespace

// Uses running programs and the backstops' comments, not the ifindexes in pin names, which may be
// of another network namespace. Only ports have backstops.
Result<std::vector<Remnant>> find_remnants(const PinRoot& root, const Attachments& attachments,
                                           Backstops& backstops) {
  std::vector<Remnant> remnants;
  for (const std::uint32_t ifindex : devices_here()) {
    XVNET_ASSIGN(role, role_of(root, attachments, ifindex));
    if (role) remnants.push_back({ifindex, *role, {}});
  }
  XVNET_ASSIGN(places, backstops.list());
  for (const auto& [ifindex, device] : places) {
    const auto known = std::ranges::find(remnants, ifindex, &Remnant::ifindex);
    XVNET_ASSIGN(other, find_other_instance(root, ifindex));
    if (known != remnants.end())
      known->program = Program::kTcFromVm;
    else if (other.empty())
      remnants.push_back({ifindex, Program::kTcFromVm, device});
  }
  return remnants;
}

}  // namespace xvnet
