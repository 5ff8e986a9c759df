// SPDX-License-Identifier: BSD-2-Clause
#include "loader/kernel.h"

namespace xvnet {

Result<std::vector<std::byte>> Table::entries() const {
  std::vector<std::byte> entries;
  std::vector<std::byte> value(value_size());
  XVNET_ASSIGN(all, keys());
  for (std::size_t at = 0; at + key_size() <= all.size(); at += key_size()) {
    const auto key = std::span(all).subspan(at, key_size());
    XVNET_ASSIGN(found, lookup(key, value));
    if (!found) continue;
    entries.insert(entries.end(), key.begin(), key.end());
    entries.insert(entries.end(), value.begin(), value.end());
  }
  return entries;
}

std::string_view program_name(Program program) {
  switch (program) {
    case Program::kXdpFromVm:
      return "xdp_from_vm";
    case Program::kXdpFromUplink:
      return "xdp_from_uplink";
    case Program::kTcFromVm:
      return "tc_from_vm";
    case Program::kTcFromUplink:
      return "tc_from_uplink";
    case Program::kTcFromHost:
      return "tc_from_host";
    case Program::kTcToOutside:
      return "tc_to_outside";
    case Program::kTcFromOutside:
      return "tc_from_outside";
    case Program::kTcToDhcp:
      return "tc_to_dhcp";
    case Program::kTcToForward:
      return "tc_to_forward";
  }
  return "";
}

std::string_view hook_name(Hook hook) {
  switch (hook) {
    case Hook::kXdp:
      return "xdp";
    case Hook::kTcIngress:
      return "ingress";
    case Hook::kTcEgress:
      return "egress";
  }
  return "";
}

}  // namespace xvnet
