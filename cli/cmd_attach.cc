// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/limits.h"
#include "cli/parse_address.h"
#include "cli/parse_choice.h"
#include "cli/parse_mac.h"
#include "cli/parse_name.h"
#include "cli/parse_vid.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

struct AttachWords {
  std::string device;
  Word vid, uplink, network, mac, host_name, mode, guest_offloads, max_macs, owner, queues, mtu;
  std::vector<std::string> ips;
  std::vector<std::string> allowed;
  bool untagged = false;
  bool replace = false;
  bool force = false;
};

Result<PortRequest> to_request(const AttachWords& words) {
  Reader reader("attach", words.device);
  PortRequest request;
  reader.read(request.device, parse_device_name(words.device));
  const int networks = words.vid.has_value() + words.untagged + words.network.has_value();
  reader.refuse_if(networks == 0, "which network? give --vlan VID, --untagged or --network NAME");
  reader.refuse_if(networks > 1, "--vlan, --untagged and --network exclude each other");
  reader.refuse_if(words.uplink && !words.untagged, "--uplink goes with --untagged");

  reader.read_word(request.vid, words.vid, parse_vid);
  request.untagged = words.untagged;
  reader.read_word(request.uplink, words.uplink, parse_device_name);
  reader.read_word(request.network, words.network, parse_network_name);
  if (words.mac != kNone) reader.read_word(request.mac, words.mac, parse_mac);
  for (const auto& ip : words.ips) reader.read(request.ips.emplace_back(), parse_ip(ip));
  for (const auto& ip : words.allowed) reader.read(request.allowed.emplace_back(), parse_ip(ip));
  reader.read_word(request.host_name, words.host_name, parse_dns_name_or_none);
  reader.read_word(request.mode, words.mode, parse_mode);
  reader.read_word(request.guest_offloads, words.guest_offloads, parse_switch, "--guest-offloads");
  reader.read_word(request.max_macs, words.max_macs, parse_number, "--max-macs", kMaxMacs);
  reader.read_word(request.owner, words.owner, parse_owner);
  reader.read_word(request.queues, words.queues, parse_number, "--queues", kQueues);
  if (words.mtu == kNone)
    request.mtu = 0;
  else
    reader.read_word(request.mtu, words.mtu, parse_number, "--mtu", kMtu);
  request.replace = words.replace;
  request.force = words.force;
  return reader.answer(std::move(request));
}

Result<int> attach(const AttachWords& words, const Globals& globals) {
  XVNET_ASSIGN(request, to_request(words));
  return make_change(globals, [&](Instance& instance) { return instance.attach(request); });
}

}  // namespace

void add_attach(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("attach", "attach a VM's device to a network");
  auto words = std::make_shared<AttachWords>();
  command.add_option("DEV", words->device, "the device; made as a persistent TAP when missing")
      ->required()
      ->type_name("");
  add_word(command, "--vlan", words->vid, "VID", "the network of this VLAN, made when missing");
  command.add_flag("--untagged", words->untagged, "the network of the uplink's untagged frames");
  add_word(command, "--uplink", words->uplink, "IFACE", "of --untagged, where there are several");
  add_word(command, "--network", words->network, "NAME", "a network made by network add");
  add_word(command, "--mac", words->mac, "MAC|none",
           "the VM's MAC, never learnt away by another port");
  command.add_option("--ip", words->ips, "its address in the network's subnet; may be repeated")
      ->type_name("IP")
      ->allow_extra_args(false);
  command
      .add_option("--allow", words->allowed,
                  "an address that other ports may have, too; may be repeated")
      ->type_name("IP")
      ->allow_extra_args(false);
  add_word(command, "--hostname", words->host_name, "NAME|none",
           "what DHCP tells the VM it is called");
  add_word(command, "--mode", words->mode, "auto|xdp|tc", "which hook carries its frames");
  add_word(command, "--guest-offloads", words->guest_offloads, "on|off",
           "off: the guest never sends unfinished checksums or TSO");
  add_word(command, "--max-macs", words->max_macs, "N", "how many MACs it may have learned");
  add_word(command, "--owner", words->owner, "USER", "who may open a TAP made here");
  add_word(command, "--queues", words->queues, "N", "queues of a TAP made here");
  add_word(command, "--mtu", words->mtu, "N|none", "the device's MTU");
  command.add_flag("--replace", words->replace, "change a port that is attached differently");
  command.add_flag("--force", words->force, "also a device that the host uses");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return attach(*words, globals); };
  });
}

}  // namespace xvnet::cli
