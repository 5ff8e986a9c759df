// SPDX-License-Identifier: BSD-2-Clause
#include "cli/app.h"
#include "cli/args.h"
#include "loader/model/network_request.h"

namespace xvnet::cli {

namespace {

Result<int> run_network_add(const Args& args, const Globals& globals) {
  XVNET_ASSIGN(request, to_request("network add", network_fields(), args));
  XVNET_TRY(check_add(request));
  return make_change(globals, [&](Instance& instance) { return instance.add_network(request); });
}

Result<int> run_network_set(const Args& args, const Globals& globals) {
  XVNET_ASSIGN(request, to_request("network set", network_fields(), args));
  XVNET_TRY(check_set(request));
  return make_change(globals, [&](Instance& instance) { return instance.set_network(request); });
}

Result<int> run_network_del(const std::string& name, const Globals& globals) {
  return make_change(globals, [&](Instance& instance) { return instance.remove_network(name); });
}

using RunNetwork = Result<int> (*)(const Args& args, const Globals& globals);

void declare_network(CLI::App& command, Unset unset, RunNetwork run, Run& chosen) {
  auto args = std::make_shared<Args>();
  declare(command, network_fields(), *args, unset);
  command.callback([args, run, &chosen] {
    chosen = [args, run](const Globals& globals) { return run(*args, globals); };
  });
}

void declare_network_del(CLI::App& command, Run& chosen) {
  auto name = std::make_shared<std::string>();
  add_argument(command, "NAME", *name, "name of the network");
  command.callback([name, &chosen] {
    chosen = [name](const Globals& globals) { return run_network_del(*name, globals); };
  });
}

}  // namespace

void add_network(CLI::App& app, Run& chosen) {
  auto& noun = *app.add_subcommand("network", "networks with a name");
  noun.require_subcommand(1);
  declare_network(*noun.add_subcommand("add", "create a network; without a VLAN it is host-only"),
                  Unset::kHidden, run_network_add, chosen);
  declare_network(*noun.add_subcommand("set", "change a network's settings"), Unset::kOffered,
                  run_network_set, chosen);
  declare_network_del(*noun.add_subcommand("del", "remove a network that has no ports"), chosen);
}

}  // namespace xvnet::cli
