// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>

#include "cli/command.h"
#include "cli/limits.h"
#include "cli/parse_address.h"
#include "cli/parse_name.h"
#include "cli/parse_snat.h"
#include "cli/parse_vid.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

enum class Verb { kAdd, kSet };

struct NetworkWords {
  std::string name;
  Word vid, uplink, ageing, subnet, gateway, router, domain, boot_server, boot_file, snat_ports,
      snat_filter;
  bool force = false;
  bool dhcp = false;
  bool no_dhcp = false;
  std::vector<std::string> dns, snat, snat_exceptions;
  bool untagged = false;
  std::vector<std::string> host_addresses;
};

void read_snat(Reader& reader, Verb verb, const NetworkWords& words, NetworkRequest& request) {
  if (!words.snat.empty()) reader.read(request.snat, parse_snat(words.snat));
  const bool is_none = request.snat && request.snat->source == SnatSource::kNone;
  reader.refuse_if(verb == Verb::kAdd && is_none, "--snat none is for network set");
  reader.read_word(request.snat_ports, words.snat_ports, parse_number, "--snat-ports", kSnatPorts);
  reader.read_word(request.snat_filter, words.snat_filter, parse_snat_filter);
  if (!words.snat_exceptions.empty())
    reader.read(request.snat_exceptions, parse_snat_exceptions(words.snat_exceptions));
}

// Whether an option that may be repeated is "none". "none" cannot be combined with other values.
bool is_none(Reader& reader, std::string_view flag, const std::vector<std::string>& words) {
  if (std::ranges::find(words, kNone) == words.end()) return false;
  reader.refuse_if(words.size() > 1, fmt::format("{} none stands alone", flag));
  return true;
}

// Reads where the network's frames are: VLAN, untagged or host-only, and its uplink.
void read_place(Reader& reader, const NetworkWords& words, NetworkRequest& request) {
  request.is_host_only = words.vid == kNone;
  if (!request.is_host_only) reader.read_word(request.vid, words.vid, parse_vid);
  request.untagged = words.untagged;
  request.has_any_uplink = words.uplink == kNone;
  if (!request.has_any_uplink) reader.read_word(request.uplink, words.uplink, parse_device_name);
}

Result<NetworkRequest> to_request(Verb verb, const NetworkWords& words) {
  Reader reader(verb == Verb::kAdd ? "network add" : "network set", words.name);
  NetworkRequest request;
  reader.read(request.name, parse_network_name(words.name));
  reader.refuse_if(words.vid && words.untagged, "--vlan and --untagged exclude each other");
  // An existing network may be untagged already.
  reader.refuse_if(words.uplink && (words.vid || (verb == Verb::kAdd && !words.untagged)),
                   "--uplink goes with --untagged");

  read_place(reader, words, request);
  request.has_no_host_addresses = is_none(reader, "--host-address", words.host_addresses);
  if (!request.has_no_host_addresses)
    for (const auto& address : words.host_addresses)
      reader.read(request.host_addresses.emplace_back(), parse_host_address(address));
  reader.read_word(request.ageing_s, words.ageing, parse_number, "--ageing", kAgeing);

  reader.read_word(request.subnet, words.subnet, parse_subnet_word);
  reader.read_word(request.gateway, words.gateway, parse_ip_or_none);
  reader.read_word(request.router, words.router, parse_router_name);

  reader.refuse_if(words.dhcp && words.no_dhcp, "--dhcp and --no-dhcp exclude each other");
  if (words.dhcp || words.no_dhcp) request.dhcp = words.dhcp;
  request.has_no_dns = is_none(reader, "--dns", words.dns);
  if (!request.has_no_dns)
    for (const auto& server : words.dns) reader.read(request.dns.emplace_back(), parse_ip(server));
  reader.read_word(request.domain, words.domain, parse_dns_name_or_none);
  reader.read_word(request.boot_server, words.boot_server, parse_ip_or_none);
  reader.read_word(request.boot_file, words.boot_file, parse_boot_file);
  request.force = words.force;
  read_snat(reader, verb, words, request);

  const bool is_empty = !words.subnet && !words.gateway && !words.router && !request.dhcp &&
                        words.dns.empty() && !words.domain && !words.boot_server &&
                        !words.boot_file && !words.vid && !words.untagged && !words.uplink &&
                        !words.ageing && words.host_addresses.empty() && words.snat.empty() &&
                        !words.snat_ports && !words.snat_filter && words.snat_exceptions.empty();
  reader.refuse_if(verb == Verb::kSet && is_empty, "nothing to set");
  return reader.answer(std::move(request));
}

Result<int> add_or_set(Verb verb, const NetworkWords& words, const Globals& globals) {
  XVNET_ASSIGN(request, to_request(verb, words));
  return make_change(globals, [&](Instance& instance) {
    return verb == Verb::kAdd ? instance.add_network(request) : instance.set_network(request);
  });
}

Result<int> del(const NetworkWords& words, const Globals& globals) {
  Reader reader("network del", words.name);
  std::string typed;
  reader.read(typed, parse_network_name(words.name));
  XVNET_ASSIGN(name, reader.answer(typed));
  return make_change(globals, [&](Instance& instance) { return instance.remove_network(name); });
}

void declare_snat(CLI::App& command, Verb verb, NetworkWords& words) {
  command
      .add_option("--snat", words.snat,
                  "a public address from which its VMs speak to the outside; may be repeated")
      ->type_name(verb == Verb::kAdd ? "auto|IP" : "auto|none|IP")
      ->allow_extra_args(false);
  add_word(command, "--snat-ports", words.snat_ports, "N",
           "how many ports of each public address it has");
  add_word(command, "--snat-filter", words.snat_filter, "address|endpoint",
           "who may answer: whom the VM has spoken to, or anybody");
  command
      .add_option("--snat-except", words.snat_exceptions,
                  "whom its VMs speak to by their own addresses; may be repeated")
      ->type_name(verb == Verb::kAdd ? "CIDR" : "CIDR|none")
      ->allow_extra_args(false);
}

void declare_force(CLI::App& command, bool& force) {
  command.add_flag("--force", force, "take a public address that another machine answers for");
}

void declare_network_add_or_set(CLI::App& noun, Verb verb, const std::string& help, Run& chosen) {
  auto& command = *noun.add_subcommand(verb == Verb::kAdd ? "add" : "set", help);
  auto words = std::make_shared<NetworkWords>();
  command.add_option("NAME", words->name, "the network")->required()->type_name("");
  add_word(command, "--vlan", words->vid, "VID|none", "its VLAN on the uplink");
  command.add_flag("--untagged", words->untagged, "it is the uplink's untagged frames");
  add_word(command, "--uplink", words->uplink, "IFACE|none",
           "of --untagged, where there are several");
  command
      .add_option("--host-address", words->host_addresses,
                  "an address of the host in it; may be repeated")
      ->type_name("CIDR|none")
      ->allow_extra_args(false);
  add_word(command, "--subnet", words->subnet, "CIDR|none", "its ports get addresses of it");
  add_word(command, "--gateway", words->gateway, "IP|none", "the gateway's address in the subnet");
  add_word(command, "--router", words->router, "NAME|none",
           "its gateway leads to the other networks of this router");
  command.add_flag("--dhcp", words->dhcp, "its ports are told their addresses by DHCP");
  if (verb == Verb::kSet) command.add_flag("--no-dhcp", words->no_dhcp, "no DHCP any more");
  command.add_option("--dns", words->dns, "a name server for DHCP to tell of; may be repeated")
      ->type_name("IP|none")
      ->allow_extra_args(false);
  add_word(command, "--domain", words->domain, "NAME|none", "the domain that DHCP tells of");
  add_word(command, "--boot-server", words->boot_server, "IP|none", "where VMs boot from");
  add_word(command, "--boot-file", words->boot_file, "FILE|none", "what they boot");
  declare_snat(command, verb, *words);
  declare_force(command, words->force);
  add_word(command, "--ageing", words->ageing, "SECONDS", "when a silent MAC is forgotten");
  command.callback([verb, words, &chosen] {
    chosen = [verb, words](const Globals& globals) { return add_or_set(verb, *words, globals); };
  });
}

void declare_network_del(CLI::App& noun, Run& chosen) {
  auto& command = *noun.add_subcommand("del", "remove a network that has no ports");
  auto words = std::make_shared<NetworkWords>();
  command.add_option("NAME", words->name, "the network")->required()->type_name("");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return del(*words, globals); };
  });
}

}  // namespace

void add_network(CLI::App& app, Run& chosen) {
  auto& noun = *app.add_subcommand("network", "networks with a name");
  noun.require_subcommand(1);
  declare_network_add_or_set(noun, Verb::kAdd, "make a network; without a VLAN it is host-only",
                             chosen);
  declare_network_add_or_set(noun, Verb::kSet, "change what is given of a network", chosen);
  declare_network_del(noun, chosen);
}

}  // namespace xvnet::cli
