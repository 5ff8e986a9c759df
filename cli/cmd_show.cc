// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/limits.h"
#include "cli/parse_address.h"
#include "cli/parse_name.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

struct ShowWords {
  Word noun, network, address, port;

  bool have_filter() const { return network || address || port; }
};

using View = Result<std::string> (*)(Instance&, const Output&, const NatFilter&);

struct Noun {
  std::string_view name;
  View view;
};

Result<std::string> show_overview(Instance& instance, const Output& output, const NatFilter&) {
  XVNET_ASSIGN(ports, instance.ports());
  XVNET_ASSIGN(networks, instance.networks());
  XVNET_ASSIGN(uplinks, instance.uplinks());
  return output.overview(ports, networks, uplinks);
}

Result<std::string> show_ports(Instance& instance, const Output& output, const NatFilter&) {
  XVNET_ASSIGN(ports, instance.ports());
  return output.ports(ports);
}

Result<std::string> show_networks(Instance& instance, const Output& output, const NatFilter&) {
  XVNET_ASSIGN(networks, instance.networks());
  return output.networks(networks);
}

Result<std::string> show_uplinks(Instance& instance, const Output& output, const NatFilter&) {
  XVNET_ASSIGN(uplinks, instance.uplinks());
  return output.uplinks(uplinks);
}

Result<std::string> show_fdb(Instance& instance, const Output& output, const NatFilter&) {
  XVNET_ASSIGN(entries, instance.fdb());
  return output.fdb(entries);
}

Result<std::string> show_leases(Instance& instance, const Output& output, const NatFilter&) {
  XVNET_ASSIGN(leases, instance.leases());
  return output.leases(leases);
}

Result<std::string> show_nat(Instance& instance, const Output& output, const NatFilter& filter) {
  XVNET_ASSIGN(entries, instance.nat(filter));
  return output.nat(entries);
}

Result<std::string> show_forwards(Instance& instance, const Output& output, const NatFilter&) {
  XVNET_ASSIGN(forwards, instance.forwards());
  return output.forwards(forwards);
}

constexpr Noun kNouns[] = {
    {"ports", show_ports},       {"networks", show_networks}, {"uplinks", show_uplinks},
    {"fdb", show_fdb},           {"leases", show_leases},     {"nat", show_nat},
    {"forwards", show_forwards},
};

Result<View> find_view(const Word& word) {
  if (!word) return show_overview;
  for (const auto& noun : kNouns) {
    if (noun.name == *word) return noun.view;
  }
  return fail(ErrorKind::kUsage,
              fmt::format("show {}: not ports, networks, uplinks, fdb, leases, nat or forwards",
                          quote(*word)));
}

Result<NatFilter> to_filter(const ShowWords& words) {
  Reader reader("show", words.noun.value_or(""));
  NatFilter filter;
  reader.refuse_if(words.have_filter() && words.noun != "nat",
                   "--network, --address and --port go with nat");
  reader.read_word(filter.network, words.network, parse_network_name);
  reader.read_word(filter.address, words.address, parse_ip);
  reader.read_word(filter.port, words.port, parse_number, "--port", kPort);
  return reader.answer(filter);
}

Result<int> show(const ShowWords& words, const Globals& globals) {
  XVNET_ASSIGN(view, find_view(words.noun));
  XVNET_ASSIGN(filter, to_filter(words));
  const auto output = make_output(globals.format, globals.detail);
  return look(globals, [&](Instance& instance) { return view(instance, *output, filter); });
}

}  // namespace

void add_show(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("show", "show what there is");
  auto words = std::make_shared<ShowWords>();
  add_word(command, "NOUN", words->noun, "ports|networks|uplinks|fdb|leases|nat|forwards",
           "default: the first three");
  add_word(command, "--network", words->network, "NAME", "nat: of this network");
  add_word(command, "--address", words->address, "IP", "nat: of this address, inside or outside");
  add_word(command, "--port", words->port, "N", "nat: of this port, inside or outside");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return show(*words, globals); };
  });
}

}  // namespace xvnet::cli
