// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/dry_run_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "loader/base/tables.h"
#include "loader/base/text.h"
#include "loader/model/forward_request.h"
#include "loader/model/records.h"

namespace xvnet {

// A command writes a record several times; one step stands for all writes.
void DryRunTables::record_object(const std::string& noun, std::string_view name, bool was_there,
                                 bool is_there) {
  const auto add = fmt::format("add {} {}", noun, name);
  const auto change = fmt::format("change {} {}", noun, name);
  const bool is_recorded = std::ranges::find(*steps_, add) != steps_->end() ||
                           std::ranges::find(*steps_, change) != steps_->end();
  if (!is_there) {
    std::erase(*steps_, change);
    record_step(fmt::format("remove {} {}", noun, name));
  } else if (!was_there) {
    record_step(add);
  } else if (!is_recorded) {
    record_step(change);
  }
}

void DryRunTables::record_vlan(std::span<const std::byte> bytes, bool is_there) {
  abi::vlan_key key;
  std::memcpy(&key, bytes.data(), sizeof key);
  const auto frames = key.vid ? fmt::format("VLAN {}", key.vid) : std::string("untagged frames");
  record_step(fmt::format("{} {} on {}", is_there ? "carry" : "stop carrying", frames,
                          name_of_(key.uplink)));
}

void DryRunTables::record_nat(std::span<const std::byte> key, const Bytes* entry) {
  std::uint32_t id = 0;
  std::memcpy(&id, key.data(), sizeof id);
  const auto record =
      Table<std::uint32_t, abi::network_record>(at(TableId::kNetworkRecords)).find(id);
  const auto name = record && *record ? text_of((*record)->name) : fmt::format("{}", id);
  if (!entry) return record_step(fmt::format("stop translating network {}", name));
  abi::nat_network network;
  std::memcpy(&network, entry->data(), sizeof network);
  for (const auto& range : ranges_of(network))
    record_step(fmt::format("translate network {} to {}, ports {}-{}", name,
                            format_ipv4(ipv4_of(range.address).value_or(Ipv4{})), range.first,
                            range.first + range.count - 1));
}

void DryRunTables::record_forward(std::span<const std::byte> bytes, const Bytes& value,
                                  bool is_there) {
  abi::nat_slot_key key;
  abi::forward forward;
  std::memcpy(&key, bytes.data(), sizeof key);
  std::memcpy(&forward, value.data(), sizeof forward);
  const auto request = forward_request(key, forward, {});
  record_step(fmt::format(
      "{} {} to {}", is_there ? "forward" : "stop forwarding", forward_text(request),
      format_endpoint(format_ipv4(request.inside), request.inside_port, request.count)));
}

// Every record starts with its name.
void DryRunTables::watch_tables() {
  using enum TableId;
  static_assert(offsetof(abi::port_record, device.name) == 0);
  static_assert(offsetof(abi::uplink_record, device.name) == 0);
  static_assert(offsetof(abi::network_record, name) == 0);
  for (const auto& [id, noun] : {std::pair{kPortRecords, "port"},
                                 {kUplinkRecords, "uplink"},
                                 {kNetworkRecords, "network"}}) {
    tables_.at(id)->watch([this, noun = noun](auto, const Bytes* before, const Bytes* after) {
      const Bytes* record = after ? after : before;
      if (!record) return;
      char name[NAME_SIZE];
      std::memcpy(name, record->data(), sizeof name);
      record_object(noun, text_of(name), before != nullptr, after != nullptr);
    });
  }
  tables_.at(kNatNetworks)->watch([this](auto key, const Bytes* before, const Bytes* after) {
    if (!before != !after) record_nat(key, after);
  });
  tables_.at(kForwards)->watch([this](auto key, const Bytes* before, const Bytes* after) {
    if (!before != !after) record_forward(key, after ? *after : *before, after != nullptr);
  });
  tables_.at(kVlans)->watch([this](auto key, const Bytes* before, const Bytes* after) {
    if (!before != !after) record_vlan(key, after != nullptr);
  });
}

Result<void> DryRunTables::forget_device(std::uint32_t ifindex) {
  const auto devices = tables_.find(TableId::kDevices);
  if (devices == tables_.end()) return {};
  return devices->second->erase(std::as_bytes(std::span(&ifindex, 1)));
}

void DryRunTables::make(Host* below) {
  for (const TableShape& shape : kTableShapes) {
    const RawTable* table = below ? &below->table(shape.id) : nullptr;
    tables_[shape.id] = std::make_unique<OverlayTable>(table, shape.key_size, shape.value_size);
  }
  watch_tables();
}

}  // namespace xvnet
