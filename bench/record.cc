// SPDX-License-Identifier: BSD-2-Clause
#include "record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "process.h"

namespace xvnet::bench {

namespace {

constexpr double kTolerance = 0.03;

bool is_worse(const Ratio& now, double before) {
  if (now.comparison.bound == Bound::kAtLeast) return now.value < before * (1 - kTolerance);
  return now.value > before * (1 + kTolerance);
}

}  // namespace

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) test::throw_errno("writing \"" + path + "\"");
}

void write_record(const std::string& path, const std::vector<Ratio>& ratios) {
  nlohmann::ordered_json record = nlohmann::ordered_json::object();
  for (const Ratio& ratio : ratios)
    record[ratio.comparison.name] = std::round(ratio.value * 1000) / 1000;
  write_file(path, record.dump(1) + "\n");
}

std::vector<std::string> regressions(const std::string& path, const std::vector<Ratio>& ratios) {
  std::ifstream file(path);
  if (!file) test::throw_errno("reading \"" + path + "\"");
  const auto record = nlohmann::json::parse(file);
  std::vector<std::string> found;
  // Otherwise a stack that can no longer be built would pass as not worse.
  for (const auto& [name, before] : record.items())
    if (std::ranges::find(ratios, name, [](const Ratio& ratio) { return ratio.comparison.name; }) ==
        ratios.end())
      found.push_back(fmt::format("{}: recorded, and not measured", name));
  for (const Ratio& ratio : ratios) {
    const auto before = record.find(ratio.comparison.name);
    if (before == record.end()) {
      found.push_back(fmt::format("{}: not recorded", ratio.comparison.name));
    } else if (is_worse(ratio, before->get<double>())) {
      found.push_back(fmt::format("{}: {:.3f}, recorded {:.3f}", ratio.comparison.name, ratio.value,
                                  before->get<double>()));
    }
  }
  return found;
}

}  // namespace xvnet::bench
