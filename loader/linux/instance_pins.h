// SPDX-License-Identifier: BSD-2-Clause
//
// An instance as its pins: opened, completed, read and removed.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "loader/kernel.h"
#include "loader/linux/bpf_object.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"
#include "loader/linux/programs.h"
#include "loader/linux/table.h"
#include "maps/records.h"

namespace xvnet {

class InstancePins {
 public:
  InstancePins(std::string_view instance, VerifierLog log) : root_(instance), log_(log) {}

  const PinRoot& root() const { return root_; }

  // As Kernel's functions of these names.
  Result<void> open_for_change();
  Result<bool> open_for_reading();
  Table& table(TableId id);
  Result<void> remove();

 private:
  enum class Presence { kMissing, kIncomplete, kComplete };

  // Of the pinned meta entry; refuses one of another network namespace.
  Result<Presence> find() const;
  Result<void> complete(Presence presence);
  Result<void> write_meta() const;
  // False when a pin is missing.
  Result<bool> open_tables(PinAccess access);
  std::string doing() const;

  PinRoot root_;
  VerifierLog log_;
  FileDescriptor lock_;
  std::array<std::unique_ptr<LinuxTable>, kTableCount> tables_;
};

}  // namespace xvnet
