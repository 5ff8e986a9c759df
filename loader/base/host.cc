// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/host.h"

namespace xvnet {

Result<std::vector<std::byte>> RawTable::entries() const {
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
  static constexpr auto kNames = std::to_array<std::string_view>({
#define PROGRAM(name, id) #name,
#define TAIL_CALL(name, id, number) #name,
#include "maps/programs.def"
#undef PROGRAM
#undef TAIL_CALL
  });
  return kNames.at(static_cast<std::size_t>(program));
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

std::string_view feature_name(Feature feature) {
  switch (feature) {
    case Feature::kRxVlanCtag:
      return "rx-vlan-hw-parse";
    case Feature::kRxVlanStag:
      return "rx-vlan-stag-hw-parse";
    case Feature::kRxVlanFilter:
      return "rx-vlan-filter";
    case Feature::kTxVlanCtag:
      return "tx-vlan-hw-insert";
    case Feature::kTxVlanStag:
      return "tx-vlan-stag-hw-insert";
  }
  return "";
}

}  // namespace xvnet
