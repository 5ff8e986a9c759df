// SPDX-License-Identifier: BSD-2-Clause
//
// Names of objects in the journal of a FakeHost.
#include "fake_host.h"

namespace xvnet::test {

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
