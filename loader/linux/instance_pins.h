// SPDX-License-Identifier: BSD-2-Clause
//
// The pins of an instance: opens, completes, reads and removes them.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "loader/base/host.h"
#include "loader/base/overlay_table.h"
#include "loader/base/tables.h"
#include "loader/linux/bpf_object.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/instance_upgrade.h"
#include "loader/linux/pin_root.h"
#include "loader/linux/programs.h"
#include "loader/linux/table.h"

namespace xvnet {

class InstancePins {
 public:
  InstancePins(std::string_view instance, VerifierLog log)
      : root_(instance), log_(log), upgrade_(root_, log) {}

  const PinRoot& root() const { return root_; }

  // Implement the functions of Host with these names.
  Result<void> open_for_change();
  Result<bool> open_for_reading();
  Result<void> load_tail_calls();
  RawTable& table(TableId id);
  Result<std::vector<std::string>> missing_tables() const;
  Result<std::vector<std::string>> missing_programs() const;
  // `is_here`: this network namespace has remnants of the instance.
  Result<void> open_remains(Opening opening, bool is_here);
  Result<void> remove();
  Result<void> remove_dead();

  Result<bool> open_for_upgrade();
  Result<bool> commit_upgrade() { return upgrade_.commit(); }
  // The root of the programs that ran before the upgrade; they are pinned there again.
  Result<PinRoot> previous_root() { return upgrade_.previous_root(); }
  // Removes what the upgrade has loaded. No device may run it any more.
  Result<void> forget_upgrade() { return upgrade_.forget(); }

 private:
  enum class Completeness { kMissing, kIncomplete, kComplete };

  // Reads the pinned meta entry. Refuses an instance of another network namespace.
  Result<Completeness> find() const;
  Result<void> check_capabilities() const;
  // Loads and pins what is missing.
  Result<void> complete(Completeness completeness);
  Result<void> complete_or_undo(Completeness completeness);
  Result<void> load_upgrade();
  // Returns false if a pin is missing.
  Result<bool> open_tables(PinAccess access);
  Result<void> open_tables_for_writing();

  PinRoot root_;
  VerifierLog log_;
  FileDescriptor lock_;
  InstanceUpgrade upgrade_;
  std::array<std::unique_ptr<LinuxTable>, kTableShapes.size()> tables_;
  std::array<std::unique_ptr<OverlayTable>, kTableShapes.size()>
      substitutes_;  // for missing tables
};

}  // namespace xvnet
