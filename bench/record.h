// SPDX-License-Identifier: BSD-2-Clause
//
// Compares ratios with those of an earlier run.
#pragma once

#include <string>
#include <vector>

#include "results.h"

namespace xvnet::bench {

void write_record(const std::string& path, const std::vector<Ratio>& ratios);

// Returns a line for each ratio that is worse by more than 3 % or that is not in the record, and
// for each recorded one that was not measured.
std::vector<std::string> regressions(const std::string& path, const std::vector<Ratio>& ratios);

void write_file(const std::string& path, const std::string& text);

}  // namespace xvnet::bench
