// SPDX-License-Identifier: BSD-2-Clause
//
// The ratios of another time, to compare with.
#pragma once

#include <string>
#include <vector>

#include "results.h"

namespace xvnet::bench {

void write_record(const std::string& path, const std::vector<Ratio>& ratios);

// What has got worse by more than 3 %, and what is not in the record: one line each.
std::vector<std::string> regressions(const std::string& path, const std::vector<Ratio>& ratios);

void write_file(const std::string& path, const std::string& text);

}  // namespace xvnet::bench
