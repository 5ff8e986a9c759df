// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/parse_forward.h"
#include "cli/parse_name.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

struct ForwardWords {
  std::string network, protocol, outside, inside;
  bool force = false;
};

Result<ForwardRequest> finish(Reader& reader, const ForwardWords& words, ForwardRequest request) {
  reader.read(request.network, parse_network_name(words.network));
  return reader.answer(std::move(request));
}

Result<int> add(const ForwardWords& words, const Globals& globals) {
  Reader reader("forward add", words.outside);
  ForwardRequest request;
  reader.read(request, parse_forward(words.protocol, words.outside, words.inside));
  request.force = words.force;
  XVNET_ASSIGN(wanted, finish(reader, words, std::move(request)));
  return make_change(globals, [&](Instance& instance) { return instance.add_forward(wanted); });
}

Result<int> del(const ForwardWords& words, const Globals& globals) {
  Reader reader("forward del", words.outside);
  ForwardRequest request;
  reader.read(request, parse_forward_outside(words.protocol, words.outside));
  XVNET_ASSIGN(wanted, finish(reader, words, std::move(request)));
  return make_change(globals, [&](Instance& instance) { return instance.remove_forward(wanted); });
}

void declare_outside(CLI::App& command, ForwardWords& words) {
  command.add_option("NETWORK", words.network, "the network")->required()->type_name("");
  command.add_option("PROTOCOL", words.protocol, "all: of a floating address")
      ->required()
      ->type_name("tcp|udp|all");
  command.add_option("OUTSIDE", words.outside, "IP:PORT, IP:PORT-PORT, or the floating address")
      ->required()
      ->type_name("");
}

void declare_forward_add(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("add", "have public ports, or an address, lead to a VM");
  auto words = std::make_shared<ForwardWords>();
  declare_outside(command, *words);
  command.add_option("INSIDE", words->inside, "the VM's IP, or IP:PORT where the ports differ")
      ->required()
      ->type_name("");
  command.add_flag("--force", words->force, "take an address that another machine answers for");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return add(*words, globals); };
  });
}

void declare_forward_del(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("del", "forward them no more");
  auto words = std::make_shared<ForwardWords>();
  declare_outside(command, *words);
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return del(*words, globals); };
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
