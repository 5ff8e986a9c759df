// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

using View = Result<std::string> (*)(Instance&, const Output&);

struct Noun {
  std::string_view name;
  View view;
};

Result<std::string> show_overview(Instance& instance, const Output& output) {
  XVNET_ASSIGN(ports, instance.ports());
  XVNET_ASSIGN(networks, instance.networks());
  XVNET_ASSIGN(uplinks, instance.uplinks());
  return output.overview(ports, networks, uplinks);
}

Result<std::string> show_ports(Instance& instance, const Output& output) {
  XVNET_ASSIGN(ports, instance.ports());
  return output.ports(ports);
}

Result<std::string> show_networks(Instance& instance, const Output& output) {
  XVNET_ASSIGN(networks, instance.networks());
  return output.networks(networks);
}

Result<std::string> show_uplinks(Instance& instance, const Output& output) {
  XVNET_ASSIGN(uplinks, instance.uplinks());
  return output.uplinks(uplinks);
}

Result<std::string> show_fdb(Instance& instance, const Output& output) {
  XVNET_ASSIGN(entries, instance.fdb());
  return output.fdb(entries);
}

Result<std::string> show_leases(Instance& instance, const Output& output) {
  XVNET_ASSIGN(leases, instance.leases());
  return output.leases(leases);
}

constexpr Noun kNouns[] = {
    {"ports", show_ports}, {"networks", show_networks}, {"uplinks", show_uplinks},
    {"fdb", show_fdb},     {"leases", show_leases},
};

Result<View> find_view(const Word& word) {
  if (!word) return show_overview;
  for (const auto& noun : kNouns) {
    if (noun.name == *word) return noun.view;
  }
  return fail(ErrorKind::kUsage,
              fmt::format("show {}: not ports, networks, uplinks, fdb or leases", quote(*word)));
}

Result<int> show(const Word& word, const Globals& globals) {
  XVNET_ASSIGN(view, find_view(word));
  const auto output = make_output(globals.format, globals.detail);
  return look(globals, [&](Instance& instance) { return view(instance, *output); });
}

}  // namespace

void add_show(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("show", "show what there is");
  auto word = std::make_shared<Word>();
  add_word(command, "NOUN", *word, "",
           "ports, networks, uplinks, fdb or leases; default: the first three");
  command.callback([word, &chosen] {
    chosen = [word](const Globals& globals) { return show(*word, globals); };
  });
}

}  // namespace xvnet::cli
