// SPDX-License-Identifier: BSD-2-Clause
//
// The pins of an instance: opens, completes, reads and removes them.
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

  // Implement the functions of Kernel with these names.
  Result<void> open_for_change();
  Result<bool> open_for_reading();
  Result<void> load_tail_calls();
  Table& table(TableId id);
  Result<std::vector<std::string>> missing_tables() const;
  Result<std::vector<std::string>> missing_programs() const;
  // `is_here`: this network namespace has remnants of the instance.
  Result<void> open_remains(Opening opening, bool is_here);
  Result<void> remove();
  Result<void> remove_dead();

  Result<bool> open_for_upgrade();
  Result<bool> commit_upgrade();
  // The root of the programs that ran before the upgrade; they are pinned there again.
  Result<PinRoot> former_root();
  // Removes what the upgrade has loaded. No device may run it any more.
  Result<void> forget_upgrade();

 private:
  enum class Presence { kMissing, kIncomplete, kComplete };

  Result<std::optional<FileDescriptor>> find_meta(const PinRoot& root) const;
  Result<abi::meta> read_meta(FileDescriptor map) const;
  Result<void> write_meta(const abi::meta& meta) const;
  // Reads the pinned meta entry. Refuses an instance of another network namespace.
  Result<Presence> find() const;
  Result<void> check_namespace(std::uint64_t dev, std::uint64_t inode) const;
  Result<void> check_other_versions() const;
  // Fails if a table is missing.
  Result<void> check_tables() const;
  Result<void> check_remains(bool is_here) const;
  Result<void> check_capabilities() const;
  // Loads and pins what is missing.
  Result<void> complete(Presence presence);
  Result<void> complete_or_undo(Presence presence);
  // Returns the version to take over, or nothing if there is no other.
  Result<std::optional<PinRoot>> find_former() const;
  Result<void> load_upgrade();
  Result<void> load_after(const PinRoot& former);
  // Returns false if a pin is missing.
  Result<bool> open_tables(PinAccess access);
  Result<void> open_tables_for_writing();
  std::string doing() const;

  PinRoot root_;
  VerifierLog log_;
  FileDescriptor lock_;
  std::optional<PinRoot> former_;                // for an upgrade from another ABI
  std::vector<FileDescriptor> former_programs_;  // for an upgrade within one ABI
  std::array<std::unique_ptr<LinuxTable>, kTableShapes.size()> tables_;
  std::array<std::unique_ptr<OverlayTable>, kTableShapes.size()>
      substitutes_;  // for missing tables
};

}  // namespace xvnet
