// SPDX-License-Identifier: BSD-2-Clause
//
// An instance as its pins: opened, completed, read and removed.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "loader/kernel.h"
#include "loader/linux/bpf_object.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"
#include "loader/linux/programs.h"
#include "loader/linux/table.h"
#include "loader/overlay_table.h"
#include "loader/tables.h"

namespace xvnet {

class InstancePins {
 public:
  InstancePins(std::string_view instance, VerifierLog log) : root_(instance), log_(log) {}

  const PinRoot& root() const { return root_; }

  // As Kernel's functions of these names.
  Result<void> open_for_change();
  Result<bool> open_for_reading();
  Result<void> load_continuations();
  Table& table(TableId id);
  Result<std::vector<std::string>> missing_tables() const;
  Result<std::vector<std::string>> missing_programs() const;
  // `is_here`: the kernel shows something of the instance in this network namespace.
  Result<void> open_remains(Opening opening, bool is_here);
  Result<void> remove();
  Result<void> remove_dead();

  Result<bool> open_for_upgrade();
  Result<bool> commit_upgrade();
  // The root whose programs ran before the upgrade. They are pinned there again.
  Result<PinRoot> former_root();
  // Forgets what the upgrade has loaded; nothing may run it any more.
  Result<void> forget_upgrade();

 private:
  enum class Presence { kMissing, kIncomplete, kComplete };

  Result<std::optional<FileDescriptor>> find_meta(const PinRoot& root) const;
  Result<abi::meta> read_meta(FileDescriptor map) const;
  Result<void> write_meta(const abi::meta& meta) const;
  // Of the pinned meta entry; refuses one of another network namespace.
  Result<Presence> find() const;
  Result<void> check_namespace(std::uint64_t dev, std::uint64_t inode) const;
  Result<void> check_other_versions() const;
  // That no table is missing.
  Result<void> check_tables() const;
  Result<void> check_remains(bool is_here) const;
  Result<void> check_capabilities() const;
  // Loads what is missing.
  Result<void> complete(Presence presence);
  Result<void> complete_or_undo(Presence presence);
  // The version to take over; nothing: there is none but this.
  Result<std::optional<PinRoot>> find_former() const;
  Result<void> load_upgrade();
  Result<void> load_after(const PinRoot& former);
  // False when a pin is missing.
  Result<bool> open_tables(PinAccess access);
  Result<void> open_tables_for_writing();
  std::string doing() const;

  PinRoot root_;
  VerifierLog log_;
  FileDescriptor lock_;
  std::optional<PinRoot> former_;                // of an upgrade from another ABI
  std::vector<FileDescriptor> former_programs_;  // of an upgrade within one
  std::array<std::unique_ptr<LinuxTable>, kTableShapes.size()> tables_;
  std::array<std::unique_ptr<OverlayTable>, kTableShapes.size()> substitutes_;  // of missing tables
};

}  // namespace xvnet
