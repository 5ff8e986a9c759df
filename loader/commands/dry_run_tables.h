// SPDX-License-Identifier: BSD-2-Clause
//
// The tables of a dry run. Writes to them are recorded as steps about the object they belong to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "loader/base/host.h"
#include "loader/base/overlay_table.h"

namespace xvnet {

class DryRunTables {
 public:
  using NameOf = std::function<std::string(std::uint32_t ifindex)>;

  // Appends to `steps`, which must outlive the tables.
  DryRunTables(std::vector<std::string>& steps, NameOf name_of)
      : steps_(&steps), name_of_(std::move(name_of)) {}

  // `below` has the tables of the instance; null if there is no instance.
  void make(Host* below);
  RawTable& at(TableId id) const { return *tables_.at(id); }
  // Removes a deleted device from the device map, as the kernel does.
  Result<void> forget_device(std::uint32_t ifindex);

 private:
  using Bytes = OverlayTable::Bytes;

  void record_step(std::string line) { steps_->push_back(std::move(line)); }
  // Records a step for a record that was added, removed or changed.
  void record_object(const std::string& noun, std::string_view name, bool was_there, bool is_there);
  void record_forward(std::span<const std::byte> key, const Bytes& value, bool is_there);
  void record_vlan(std::span<const std::byte> key, bool is_there);
  void record_nat(std::span<const std::byte> key, const Bytes* entry);
  void watch_tables();

  std::vector<std::string>* steps_;
  NameOf name_of_;
  std::map<TableId, std::unique_ptr<OverlayTable>> tables_;
};

}  // namespace xvnet
