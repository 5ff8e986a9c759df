// SPDX-License-Identifier: BSD-2-Clause
//
// The commands show and stats.
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cli/app.h"
#include "cli/args.h"
#include "loader/base/text.h"

namespace xvnet::cli {

namespace {

constexpr timespec kRefresh = {.tv_sec = 1, .tv_nsec = 0};
constexpr const char* kClearScreen = "\033[H\033[2J";  // ECMA-48: CUP, ED

struct ShowWords {
  Word noun, network, address, port;

  bool have_filter() const { return network || address || port; }
};

using Show = Result<std::string> (*)(Instance& instance, const NatFilter& filter, Style style);

struct Noun {
  std::string_view name;
  Show show;
};

// Renders the views that a function of Instance returns.
template <auto kViews>
Result<std::string> show_views(Instance& instance, const NatFilter&, Style style) {
  XVNET_ASSIGN(views, (instance.*kViews)());
  return render(views, style);
}

Result<std::string> show_nat(Instance& instance, const NatFilter& filter, Style style) {
  XVNET_ASSIGN(entries, instance.nat(filter));
  return render(entries, style);
}

Result<std::string> show_overview(Instance& instance, const NatFilter&, Style style) {
  XVNET_ASSIGN(ports, instance.ports());
  XVNET_ASSIGN(networks, instance.networks());
  XVNET_ASSIGN(uplinks, instance.uplinks());
  return render_overview(ports, networks, uplinks, style);
}

constexpr Noun kNouns[] = {
    {"ports", show_views<&Instance::ports>},       {"networks", show_views<&Instance::networks>},
    {"uplinks", show_views<&Instance::uplinks>},   {"fdb", show_views<&Instance::fdb>},
    {"leases", show_views<&Instance::leases>},     {"nat", show_nat},
    {"forwards", show_views<&Instance::forwards>},
};

// "ports, networks, uplinks, fdb, leases, nat or forwards"
// "ports|networks|uplinks"
std::string nouns_text() {
  std::string text;
  for (const auto& noun : kNouns) text += (text.empty() ? "" : "|") + std::string(noun.name);
  return text;
}

Result<Show> find_show(const Word& word) {
  if (!word) return show_overview;
  const auto* noun = std::ranges::find(kNouns, *word, &Noun::name);
  if (noun != std::end(kNouns)) return noun->show;
  return fail(ErrorKind::kUsage,
              fmt::format("show {}: it is not one of {}", quote(*word), nouns_text()));
}

Result<NatFilter> to_filter(const ShowWords& words) {
  using Port = std::optional<std::uint16_t>;
  if (words.have_filter() && words.noun != "nat")
    return fail(ErrorKind::kUsage, "show: --network, --address and --port require nat");
  XVNET_ASSIGN(network, read_word<std::string>("show: --network", words.network, parse_text));
  XVNET_ASSIGN(address, read_word<std::optional<Ipv4>>("show: --address", words.address, parse_ip));
  XVNET_ASSIGN(port, read_word<Port>("show: --port", words.port, parse_number<std::uint16_t>));
  return NatFilter{.network = network, .address = address, .port = port};
}

Result<int> run_show(const ShowWords& words, const Globals& globals) {
  XVNET_ASSIGN(show, find_show(words.noun));
  XVNET_ASSIGN(filter, to_filter(words));
  return look(globals, [&](Instance& instance) { return show(instance, filter, globals.style); });
}

struct StatsWords {
  Word device;
  bool watch = false;
};

Result<int> show_stats(const std::string& device, const Globals& globals) {
  return look(globals, [&](Instance& instance) -> Result<std::string> {
    XVNET_ASSIGN(stats, instance.stats(device));
    return render(stats, globals.style);
  });
}

// Opens the instance for each refresh, so that it may disappear and come back meanwhile.
Result<int> watch_stats(const std::string& device, const Globals& globals) {
  // Blocked signals stay pending until sigtimedwait(), so none is lost between two refreshes.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  sigprocmask(SIG_BLOCK, &stops, nullptr);

  const bool is_screen = globals.style.format == Format::kText && isatty(STDOUT_FILENO);
  for (;;) {
    if (is_screen) XVNET_TRY(print(kClearScreen));
    XVNET_TRY(show_stats(device, globals));
    if (sigtimedwait(&stops, nullptr, &kRefresh) > 0) return 0;
  }
}

Result<int> run_stats(const StatsWords& words, const Globals& globals) {
  const std::string device = words.device.value_or("");
  if (words.device) XVNET_TRY(check_device_name("stats", device));
  return words.watch ? watch_stats(device, globals) : show_stats(device, globals);
}

}  // namespace

void add_show(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("show", "show the state");
  auto words = std::make_shared<ShowWords>();
  add_word(command, "NOUN", words->noun, nouns_text(), "default: ports, networks and uplinks");
  add_word(command, "--network", words->network, "NAME", "nat: only this network");
  add_word(command, "--address", words->address, "IP", "nat: only this address, inside or outside");
  add_word(command, "--port", words->port, "N", "nat: only this port, inside or outside");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return run_show(*words, globals); };
  });
}

void add_stats(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("stats", "show counters: carried, dropped, and why");
  auto words = std::make_shared<StatsWords>();
  add_word(command, "DEV", words->device, "", "port or uplink; default: all");
  command.add_flag("--watch", words->watch, "repeat every second until interrupted");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return run_stats(*words, globals); };
  });
}

}  // namespace xvnet::cli
