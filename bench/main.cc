// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

#include "cell.h"
#include "cli.h"
#include "pmu.h"
#include "quantities.h"
#include "record.h"
#include "results.h"

namespace xvnet::bench {

namespace {

struct Words {
  bool quick = false;
  bool counted = false;
  bool clock_counts_instructions = false;
  int rounds = 401;
  std::vector<std::string> only;
  std::string output;
  std::string compare_with;
  std::string record;
};

void declare(CLI::App& app, Words& words) {
  app.add_flag("--quick", words.quick, "only what a change has to pass");
  app.add_flag("--counted", words.counted,
               "only packets and commands, whose instructions can be counted");
  app.add_flag("--clock-counts-instructions", words.clock_counts_instructions,
               "the machine's clock is driven by the instructions it executes (qemu -icount)");
  app.add_option("--rounds", words.rounds, "how many bursts count")->check(CLI::PositiveNumber);
  app.add_option("--only", words.only, "these scenarios, or measurements by their whole names");
  app.add_option("--output", words.output, "a file for all results, as JSON");
  app.add_option("--compare-with", words.compare_with,
                 "fail when a ratio is worse than in this file by more than 3 %");
  app.add_option("--record", words.record, "write the ratios to this file");
}

// Whether a scenario is selected, by its name or by the full name of one of its measurements.
bool is_wanted(const Scenario& scenario, const Words& words) {
  const auto names_it = [&](const std::string& asked) {
    return asked == scenario.name || asked.starts_with(scenario.name + "/");
  };
  if (!words.only.empty()) return std::ranges::any_of(words.only, names_it);
  if (scenario.is_native && words.clock_counts_instructions) return false;
  return !words.quick || scenario.quick;
}

std::vector<Cell> wanted_cells(const Scenario& scenario, const Contender& contender,
                               const Words& words) {
  std::vector<Cell> wanted;
  for (const Cell& cell : scenario.cells) {
    const std::string name = scenario.name + "/" + cell.name + "/" + contender.name;
    const auto names_it = [&](const std::string& asked) {
      return asked == scenario.name || asked == name;
    };
    if (words.only.empty() || std::ranges::any_of(words.only, names_it)) wanted.push_back(cell);
  }
  return wanted;
}

void run_contender(const Scenario& scenario, const Contender& contender, const Words& words,
                   Results& results) {
  const std::vector<Cell> cells = wanted_cells(scenario, contender, words);
  if (cells.empty()) return;
  const auto stack = contender.build();
  for (const Cell& cell : cells) {
    check_interrupted();
    Traffic traffic = cell.traffic(*stack);
    const int most = cell.at_most_rounds ? cell.at_most_rounds : words.rounds;
    Measurement measurement = measure(traffic, std::min(words.rounds, most));
    measurement.scenario = scenario.name;
    measurement.cell = cell.name;
    measurement.contender = contender.name;
    measurement.map_bytes = map_bytes(*stack);
    fmt::print("{}\n", line(results.add(measurement)));
    std::fflush(stdout);
  }
}

// Returns false if a measurement failed. The other results are still useful.
bool run_scenario(const Scenario& scenario, const Words& words, Results& results) {
  bool all_well = true;
  for (const Contender& contender : scenario.contenders) {
    check_interrupted();
    try {
      run_contender(scenario, contender, words, results);
    } catch (const Unsupported& what) {
      fmt::print("{}/{}: left out, {}\n", scenario.name, contender.name, what.what());
    } catch (const std::exception& error) {
      fmt::print(stderr, "xvnet_bench: measuring \"{}\" of \"{}\": {}\n", scenario.name,
                 contender.name, error.what());
      all_well = false;
    }
  }
  return all_well;
}

// Measures the other quantities. --only selects them by name, like scenarios.
bool run_quantities(const Words& words, Results& results) {
  const std::pair<const char*, void (*)(Results&)> all[] = {{"commands", measure_commands},
                                                            {"bulk", measure_bulk},
                                                            {"latency", measure_latency},
                                                            {"cores", measure_cores}};
  bool all_well = true;
  for (const auto& [name, measure] : all) {
    const bool is_asked = std::ranges::find(words.only, name) != words.only.end();
    const bool is_left_out = words.counted && std::string_view(name) != "commands";
    if (!is_asked && (words.quick || is_left_out || !words.only.empty())) continue;
    try {
      measure(results);
    } catch (const std::exception& error) {
      fmt::print(stderr, "xvnet_bench: measuring \"{}\": {}\n", name, error.what());
      all_well = false;
    }
  }
  add_memory(results);
  return all_well;
}

int run(const Words& words) {
  // Use the xvnet beside this program, unless the caller has set another one.
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  setenv("XVNET_BIN", (here / "xvnet").c_str(), 0);
  catch_signals();
  stay_on_cpu(allowed_cpus().back());  // the first serves most interrupts
  Results results(words.clock_counts_instructions ? Results::Clock::kInstructions
                                                  : Results::Clock::kTime);
  bool all_well = true;
  fmt::print("{:<64} {:>12} {:>8} {:>6}\n", "a packet", "instructions", "cycles", "ns");
  for (const Scenario& scenario : scenarios())
    if (is_wanted(scenario, words)) all_well &= run_scenario(scenario, words, results);
  all_well &= run_quantities(words, results);
  for (const auto& [name, quantity] : results.quantities())
    fmt::print("{:<40} {:>14.2f} {}\n", name, quantity.value, quantity.unit);
  const std::vector<Ratio> ratios = results.ratios();
  fmt::print("\n{}", table(ratios));
  if (!words.output.empty()) write_file(words.output, results.json().dump(1) + "\n");
  if (!words.record.empty()) write_record(words.record, ratios);
  if (!words.compare_with.empty()) {
    for (const std::string& regression : regressions(words.compare_with, ratios)) {
      fmt::print(stderr, "xvnet_bench: comparing {}\n", regression);
      all_well = false;
    }
  }
  return all_well ? 0 : 1;
}

}  // namespace

}  // namespace xvnet::bench

int main(int argc, char** argv) {
  try {
    CLI::App app("What a packet and a command cost, beside what an operator would use instead.");
    xvnet::bench::Words words;
    xvnet::bench::declare(app, words);
    CLI11_PARSE(app, argc, argv);
    return xvnet::bench::run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "xvnet_bench: %s\n", error.what());
    return 1;
  }
}
