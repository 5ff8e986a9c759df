// SPDX-License-Identifier: BSD-2-Clause
#include "loader/kernel.h"

namespace xvnet {

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
