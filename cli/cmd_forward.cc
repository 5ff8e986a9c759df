// SPDX-License-Identifier: BSD-2-Clause
#include "cli/app.h"
#include "cli/args.h"
#include "loader/model/forward_request.h"

namespace xvnet::cli {

namespace {

// A forward is removed by its network, protocol and outside address.
const Fields<ForwardRequest>& outside_fields() {
  constexpr std::size_t kOutsideFields = 3;
  static const Fields<ForwardRequest> fields(forward_fields().begin(),
                                             forward_fields().begin() + kOutsideFields);
  return fields;
}

Result<int> run_forward_add(const Args& args, const Globals& globals) {
  XVNET_ASSIGN(request, to_request("forward add", forward_fields(), args));
  XVNET_TRY(check_request(request));
  return make_change(globals, [&](Instance& instance) { return instance.add_forward(request); });
}

Result<int> run_forward_del(const Args& args, const Globals& globals) {
  XVNET_ASSIGN(request, to_request("forward del", outside_fields(), args));
  XVNET_TRY(check_outside(request));
  return make_change(globals, [&](Instance& instance) { return instance.remove_forward(request); });
}

void declare_forward_add(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("add", "forward public ports, or an address, to a VM");
  auto args = std::make_shared<Args>();
  declare(command, forward_fields(), *args);
  command.callback([args, &chosen] {
    chosen = [args](const Globals& globals) { return run_forward_add(*args, globals); };
  });
}

void declare_forward_del(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("del", "remove a forward");
  auto args = std::make_shared<Args>();
  declare(command, outside_fields(), *args);
  command.callback([args, &chosen] {
    chosen = [args](const Globals& globals) { return run_forward_del(*args, globals); };
  });
}

}  // namespace

void add_forward(CLI::App& app, Run& chosen) {
  auto& noun = *app.add_subcommand("forward", "public ports and addresses that lead to VMs");
  noun.require_subcommand(1);
  declare_forward_add(noun, chosen);
  declare_forward_del(noun, chosen);
}

}  // namespace xvnet::cli
