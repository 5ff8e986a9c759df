// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/parse_choice.h"
#include "cli/parse_name.h"
#include "cli/parse_vid.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

struct UplinkWords {
  std::string device;
  Word vids, mode;
  bool share_xdp = false;
};

Result<UplinkRequest> to_request(const UplinkWords& words) {
  Reader reader("uplink add", words.device);
  UplinkRequest request;
  reader.read(request.device, parse_device_name(words.device));
  reader.read_word(request.vids, words.vids, parse_vid_set);
  reader.read_word(request.mode, words.mode, parse_mode);
  request.share_xdp = words.share_xdp;
  reader.refuse_if(request.share_xdp && request.mode == Mode::kTc,
                   "--shared-xdp and --mode tc exclude each other");
  return reader.answer(std::move(request));
}

Result<int> add(const UplinkWords& words, const Globals& globals) {
  XVNET_ASSIGN(request, to_request(words));
  return make_change(globals, [&](Instance& instance) { return instance.add_uplink(request); });
}

Result<int> del(const UplinkWords& words, const Globals& globals) {
  Reader reader("uplink del", words.device);
  std::string name;
  reader.read(name, parse_device_name(words.device));
  XVNET_ASSIGN(device, reader.answer(name));
  return make_change(globals, [&](Instance& instance) { return instance.remove_uplink(device); });
}

void declare_uplink_add(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("add", "make a NIC carry networks as VLANs");
  auto words = std::make_shared<UplinkWords>();
  command.add_option("IFACE", words->device, "the NIC")->required()->type_name("");
  add_word(command, "--vlans", words->vids, "10,20-30|none", "the VIDs it may carry; default: all");
  add_word(command, "--mode", words->mode, "auto|xdp|tc", "which hook carries its frames");
  command.add_flag("--shared-xdp", words->share_xdp, "run beside other XDP programs, by libxdp");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return add(*words, globals); };
  });
}

void declare_uplink_del(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("del", "give a NIC back to the host");
  auto words = std::make_shared<UplinkWords>();
  command.add_option("IFACE", words->device, "the NIC")->required()->type_name("");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return del(*words, globals); };
  });
}

}  // namespace

void add_uplink(CLI::App& app, Run& chosen) {
  auto& noun = *app.add_subcommand("uplink", "the NICs that carry networks");
  noun.require_subcommand(1);
  declare_uplink_add(noun, chosen);
  declare_uplink_del(noun, chosen);
}

}  // namespace xvnet::cli
