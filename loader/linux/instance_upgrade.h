// SPDX-License-Identifier: BSD-2-Clause
//
// The change of an instance from one build to another.
//
// Within one ABI, programs are pinned in place of the previous ones. From an older ABI, a second
// root is built beside the first, and the links are pinned in both. So after an interruption every
// port is still filtered, and the next `xvnet upgrade` starts again.
#pragma once

#include <optional>
#include <vector>

#include "loader/base/result.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"
#include "loader/linux/programs.h"

namespace xvnet {

// Returns the version to take over, or nothing if there is no other.
Result<std::optional<PinRoot>> find_previous(const PinRoot& own);

class InstanceUpgrade {
 public:
  InstanceUpgrade(const PinRoot& root, VerifierLog log) : root_(root), log_(log) {}

  // Loads this build's programs beside those of an older ABI.
  Result<void> load_after(const PinRoot& previous);
  // Loads this build's programs in place of those that another build of this ABI has pinned.
  Result<void> load_again();
  // Returns whether anything came from another build.
  Result<bool> commit();
  // The root of the programs that ran before the upgrade; they are pinned there again.
  Result<PinRoot> previous_root();
  // Removes what the upgrade has loaded. No device may run it any more.
  Result<void> forget();

 private:
  PinRoot root_;
  VerifierLog log_;
  std::optional<PinRoot> previous_;                // for an upgrade from another ABI
  std::vector<FileDescriptor> previous_programs_;  // for an upgrade within one ABI
};

}  // namespace xvnet
