// SPDX-License-Identifier: BSD-2-Clause
//
// How the journal of a FakeKernel names things.
#include "fake_kernel.h"

namespace xvnet::test {

std::string to_text(Program program) {
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
  }
  return "?";
}

std::string to_text(Hook hook) {
  switch (hook) {
    case Hook::kXdp:
      return "xdp";
    case Hook::kTcIngress:
      return "ingress";
    case Hook::kTcEgress:
      return "egress";
  }
  return "?";
}

std::string to_text(Feature feature) {
  switch (feature) {
    case Feature::kRxVlanCtag:
      return "rx-vlan-ctag";
    case Feature::kRxVlanStag:
      return "rx-vlan-stag";
    case Feature::kRxVlanFilter:
      return "rx-vlan-filter";
    case Feature::kTxVlanCtag:
      return "tx-vlan-ctag";
    case Feature::kTxVlanStag:
      return "tx-vlan-stag";
  }
  return "?";
}

}  // namespace xvnet::test
