// SPDX-License-Identifier: BSD-2-Clause
//
// What `doctor` finds: the object, its state, and the command that repairs it, as valid shell
// input.
#pragma once

#include <string>
#include <vector>

namespace xvnet {

enum class Health { kOk, kWarn, kFail };

struct Finding {
  std::string check;
  Health health = Health::kOk;
  std::string detail;
  std::string fix;  // empty if there is nothing to do
};

using Findings = std::vector<Finding>;

}  // namespace xvnet
