// SPDX-License-Identifier: BSD-2-Clause
#include "cli/app.h"
#include "cli/args.h"
#include "loader/base/text.h"
#include "loader/commands/uplink.h"

namespace xvnet::cli {

namespace {

Result<int> run_uplink_add(const Args& args, const Globals& globals) {
  XVNET_ASSIGN(request, to_request("uplink add", uplink_fields(), args));
  XVNET_TRY(check_request(request));
  return make_change(globals, [&](Instance& instance) { return instance.add_uplink(request); });
}

Result<int> run_uplink_del(const std::string& device, const Globals& globals) {
  XVNET_TRY(check_device_name("uplink del", device));
  return make_change(globals, [&](Instance& instance) { return instance.remove_uplink(device); });
}

void declare_uplink_add(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("add", "let a NIC carry networks as VLANs");
  auto args = std::make_shared<Args>();
  declare(command, uplink_fields(), *args);
  command.callback([args, &chosen] {
    chosen = [args](const Globals& globals) { return run_uplink_add(*args, globals); };
  });
}

void declare_uplink_del(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("del", "give a NIC back to the host");
  auto device = std::make_shared<std::string>();
  add_argument(command, "IFACE", *device, "name of the NIC");
  command.callback([device, &chosen] {
    chosen = [device](const Globals& globals) { return run_uplink_del(*device, globals); };
  });
}

}  // namespace

void add_uplink(CLI::App& app, Run& chosen) {
  auto& noun = *app.add_subcommand("uplink", "NICs that carry networks");
  noun.require_subcommand(1);
  declare_uplink_add(noun, chosen);
  declare_uplink_del(noun, chosen);
}

}  // namespace xvnet::cli
