// SPDX-License-Identifier: BSD-2-Clause
#include "results.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>

namespace xvnet::bench {

namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string text; std::getline(info, text);)
    if (text.starts_with("model name")) return text.substr(text.find(": ") + 2);
  return "unknown";
}

std::string kernel_release() {
  utsname names{};
  uname(&names);
  return names.release;
}

nlohmann::json to_json(const Measurement& measurement) {
  nlohmann::json json = {{"name", measurement.name()},
                         {"rounds", measurement.rounds},
                         {"frames", measurement.frames},
                         {"spread", measurement.spread}};
  const Cost& cost = measurement.cost;
  if (cost.instructions) json["instructions"] = *cost.instructions;
  if (cost.cycles) json["cycles"] = *cost.cycles;
  if (measurement.map_bytes) json["map_bytes"] = measurement.map_bytes;
  if (cost.nanoseconds) json["ns"] = *cost.nanoseconds;
  return json;
}

std::string target_text(const Comparison& comparison) {
  switch (comparison.bound) {
    case Bound::kNone:
      return "-";
    case Bound::kAtMost:
      return fmt::format("≤ {:.2f}", comparison.target);
    case Bound::kAtLeast:
      return fmt::format("≥ {:.2f}", comparison.target);
  }
  return {};
}

std::string verdict(const Ratio& ratio) {
  if (ratio.comparison.bound == Bound::kNone) return "";
  return ratio.is_met() ? "met" : "missed";
}

}  // namespace

bool Ratio::is_met() const {
  switch (comparison.bound) {
    case Bound::kNone:
      return true;
    case Bound::kAtMost:
      return value <= comparison.target;
    case Bound::kAtLeast:
      return value >= comparison.target;
  }
  return false;
}

const Measurement& Results::add(const Measurement& measurement) {
  measurements_.push_back(measurement);
  Measurement& kept = measurements_.back();
  if (clock_ == Clock::kInstructions)
    kept.cost = {
        .instructions = kept.cost.nanoseconds, .cycles = std::nullopt, .nanoseconds = std::nullopt};
  return kept;
}

void Results::add(const std::string& name, const Quantity& quantity) {
  quantities_[name] = quantity;
}

const Measurement* Results::measurement(const std::string& name) const {
  const auto found = std::ranges::find(measurements_, name, &Measurement::name);
  return found == measurements_.end() ? nullptr : &*found;
}

std::optional<Results::Side> Results::side(const std::string& name, Metric metric) const {
  if (metric == Metric::kValue) {
    const auto found = quantities_.find(name);
    if (found == quantities_.end()) return std::nullopt;
    return Side{found->second.value, found->second.unit};
  }
  const Measurement* found = measurement(name);
  if (found == nullptr) return std::nullopt;
  const Cost& cost = found->cost;
  if (metric == Metric::kPacket && cost.instructions)
    return Side{*cost.instructions, "instructions"};
  if (metric == Metric::kPacketCycles && cost.cycles) return Side{*cost.cycles, "cycles"};
  if (cost.nanoseconds) return Side{*cost.nanoseconds, "ns"};
  return std::nullopt;
}

std::vector<Ratio> Results::ratios() const {
  std::vector<Ratio> ratios;
  for (const Comparison& comparison : comparisons()) {
    const auto over = side(comparison.over, comparison.metric);
    const auto under = side(comparison.under, comparison.metric);
    if (over && under) ratios.push_back({comparison, over->value / under->value, over->unit});
  }
  return ratios;
}

nlohmann::json Results::json() const {
  nlohmann::json json = {{"kernel", kernel_release()}, {"processor", processor()}};
  for (const Measurement& measurement : measurements_)
    json["measurements"].push_back(to_json(measurement));
  for (const auto& [name, quantity] : quantities_)
    json["quantities"].push_back(
        {{"name", name}, {"value", quantity.value}, {"unit", quantity.unit}});
  for (const Ratio& ratio : ratios()) {
    nlohmann::json row = {{"name", ratio.comparison.name},
                          {"over", ratio.comparison.over},
                          {"under", ratio.comparison.under},
                          {"value", ratio.value},
                          {"of", ratio.unit}};
    if (ratio.comparison.bound != Bound::kNone) {
      row["target"] = ratio.comparison.target;
      row["met"] = ratio.is_met();
    }
    json["ratios"].push_back(row);
  }
  return json;
}

std::string table(const std::vector<Ratio>& ratios) {
  std::string text =
      fmt::format("{:<58} {:>7} {:>7}  {:<7} {}\n", "ratio", "value", "target", "", "of");
  for (const Ratio& ratio : ratios)
    text += fmt::format("{:<58} {:>7.3f} {:>7}  {:<7} {}\n", ratio.comparison.name, ratio.value,
                        target_text(ratio.comparison), verdict(ratio), ratio.unit);
  return text;
}

std::string line(const Measurement& measurement) {
  const auto number = [](std::optional<double> value) {
    return value ? fmt::format("{:.0f}", *value) : std::string("-");
  };
  const Cost& cost = measurement.cost;
  return fmt::format("{:<64} {:>12} {:>8} {:>6}", measurement.name(), number(cost.instructions),
                     number(cost.cycles), number(cost.nanoseconds));
}

}  // namespace xvnet::bench
