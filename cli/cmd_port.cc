// SPDX-License-Identifier: BSD-2-Clause
#include "cli/app.h"
#include "cli/args.h"
#include "loader/base/text.h"
#include "loader/model/port_request.h"

namespace xvnet::cli {

namespace {

Result<int> attach(const Args& args, const Globals& globals) {
  XVNET_ASSIGN(request, to_request("attach", port_fields(), args));
  XVNET_TRY(check_request(request));
  return make_change(globals, [&](Instance& instance) { return instance.attach(request); });
}

struct DetachWords {
  std::string device;
  bool delete_device = false;
};

Result<int> detach(const DetachWords& words, const Globals& globals) {
  XVNET_TRY(check_device_name("detach", words.device));
  return make_change(globals, [&](Instance& instance) {
    return instance.detach(words.device, words.delete_device);
  });
}

}  // namespace

void add_attach(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("attach", "attach a VM's device to a network");
  auto args = std::make_shared<Args>();
  declare(command, port_fields(), *args);
  command.callback([args, &chosen] {
    chosen = [args](const Globals& globals) { return attach(*args, globals); };
  });
}

void add_detach(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("detach", "detach a device from its network");
  auto words = std::make_shared<DetachWords>();
  add_argument(command, "DEV", words->device, "name of the device, which is then down");
  command.add_flag("--delete", words->delete_device, "also delete the TAP");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return detach(*words, globals); };
  });
}

}  // namespace xvnet::cli
