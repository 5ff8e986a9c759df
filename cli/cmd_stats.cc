// SPDX-License-Identifier: BSD-2-Clause
#include <unistd.h>

#include <csignal>

#include "cli/args.h"
#include "cli/command.h"
#include "loader/text.h"

namespace xvnet::cli {

namespace {

constexpr timespec kRefresh = {.tv_sec = 1, .tv_nsec = 0};
constexpr const char* kClearScreen = "\033[H\033[2J";  // ECMA-48: CUP, ED

struct StatsWords {
  Word device;
  bool watch = false;
};

Result<int> show_once(const std::string& device, const Globals& globals) {
  const auto output = make_output(globals.format, globals.detail);
  return look(globals, [&](Instance& instance) -> Result<std::string> {
    XVNET_ASSIGN(stats, instance.stats(device));
    return output->stats(stats);
  });
}

// Opens the instance for each refresh, so that it may disappear and come back meanwhile.
Result<int> watch(const std::string& device, const Globals& globals) {
  // Blocked signals stay pending until sigtimedwait(), so none is lost between two refreshes.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  sigprocmask(SIG_BLOCK, &stops, nullptr);

  const bool is_screen = globals.format == Format::kText && isatty(STDOUT_FILENO);
  for (;;) {
    if (is_screen) XVNET_TRY(print(kClearScreen));
    XVNET_TRY(show_once(device, globals));
    if (sigtimedwait(&stops, nullptr, &kRefresh) > 0) return 0;
  }
}

Result<int> stats(const StatsWords& words, const Globals& globals) {
  const std::string device = words.device.value_or("");
  if (words.device) XVNET_TRY(check_device_name("stats", device));
  return words.watch ? watch(device, globals) : show_once(device, globals);
}

}  // namespace

void add_stats(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("stats", "show counters: carried, dropped, and why");
  auto words = std::make_shared<StatsWords>();
  add_word(command, "DEV", words->device, "", "port or uplink; default: all");
  command.add_flag("--watch", words->watch, "repeat every second until interrupted");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return stats(*words, globals); };
  });
}

}  // namespace xvnet::cli
