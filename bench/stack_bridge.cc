// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <fstream>

#include "link.h"
#include "scratch_file.h"
#include "stack.h"

namespace xvnet::bench {

namespace {

// Rules for `nft -f`. Each rule or element is one MAC; the last one is the denied MAC.
std::string ruleset(const Filter& filter) {
  const bool at_ingress = filter.place == Filter::Place::kIngress;
  std::string text = at_ingress ? "table netdev filter {\n" : "table bridge filter {\n";
  std::string macs;
  std::string rules;
  for (size_t rule = 0; rule < filter.rules; rule++) {
    const std::string mac = rule + 1 < filter.rules
                                ? fmt::format("02:00:00:dd:{:02x}:{:02x}", rule >> 8, rule & 255)
                                : vm_mac(kDeniedVm);
    macs += (rule ? ", " : "") + mac;
    rules += "    ether saddr " + mac + " drop\n";
  }
  if (filter.kind == Filter::Kind::kSet) {
    text += "  set denied { type ether_addr; elements = { " + macs + " } }\n";
    rules = "    ether saddr @denied drop\n";
  }
  text += at_ingress ? "  chain ingress { type filter hook ingress device \"tap1\" priority 0;\n"
                     : "  chain forward { type filter hook forward priority 0;\n";
  return text + rules + "  }\n}\n";
}

}  // namespace

BridgeStack::BridgeStack(const Layout& layout, const BridgeOptions& options)
    : forwarding_(options.forwarding) {
  // With multicast snooping the bridge sends queries itself. Unicast frames cost the same without
  // it.
  ns().must({"ip", "link", "add", "br0", "address", kGatewayMac, "type", "bridge", "forward_delay",
             "0", "stp_state", "0", "mcast_snooping", "0"});
  test::set_up(ns(), "br0");
  for (size_t vm = 0; vm < layout.vms; vm++) {
    open_vm(vm, layout.tap);
    ns().must({"ip", "link", "set", "dev", tap_name(vm), "master", "br0", "up"});
    test::await_ready(ns(), tap_name(vm));
  }
  if (layout.wire != Wire::kNone) add_wire(layout.wire);
  if (layout.outside == Outside::kNat) {
    route();
    if (forwarding_ != Forwarding::kUntranslated) masquerade();
    if (forwarding_ == Forwarding::kFlowtable) add_flowtable(layout.vms);
  } else if (layout.wire != Wire::kNone) {
    ns().must({"ip", "link", "set", "dev", kWireName, "master", "br0"});
  }
  tag_wire(layout, options.tagging);
  if (options.filter.kind != Filter::Kind::kNone) add_filter(options.filter);
}

void BridgeStack::tag_wire(const Layout& layout, Tagging tagging) {
  const Attachment::Settings settings{.vid = kVid};
  switch (tagging) {
    case Tagging::kNone:
      return;
    case Tagging::kTc:
      tagging_.emplace_back(ns(), kWireName, Program::kPushTag, settings);
      tagging_.emplace_back(ns(), kWireName, Program::kPopTag, settings);
      return;
    case Tagging::kFiltering:
      filter_vlans(layout);
      return;
    case Tagging::kDevice:
      add_vlan_device();
  }
}

void BridgeStack::filter_vlans(const Layout& layout) const {
  const auto on = ns().run({"ip", "link", "set", "dev", "br0", "type", "bridge", "vlan_filtering",
                            "1", "vlan_default_pvid", "0"});
  if (!on.ok()) throw Unsupported("bridges that filter VLANs: not on this kernel");
  const std::string vid = std::to_string(kVid);
  for (size_t vm = 0; vm < layout.vms; vm++)
    ns().must({"bridge", "vlan", "add", "dev", tap_name(vm), "vid", vid, "pvid", "untagged"});
  ns().must({"bridge", "vlan", "add", "dev", kWireName, "vid", vid});
}

void BridgeStack::add_vlan_device() const {
  const auto added = ns().run({"ip", "link", "add", "link", kWireName, "name", "vlan10", "type",
                               "vlan", "id", std::to_string(kVid)});
  if (!added.ok()) throw Unsupported("VLAN devices: not on this kernel");
  ns().must({"ip", "link", "set", "dev", kWireName, "nomaster"});
  ns().must({"ip", "link", "set", "dev", "vlan10", "master", "br0", "up"});
  test::await_ready(ns(), "vlan10");
}

void BridgeStack::route() const {
  test::add_address(ns(), "br0", std::string(kGatewayIp) + "/24");
  ns().must(
      {"ip", "neigh", "replace", vm_ip(0), "lladdr", vm_mac(0), "dev", "br0", "nud", "permanent"});
  route_to_router();
  if (!ns().set_sysctl("net.ipv4.ip_forward", "1"))
    throw test::SetupError("forwarding in the namespace of a bridge: not possible");
}

void BridgeStack::masquerade() const {
  const ScratchFile rules(
      "table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat;\n"
      "    oifname \"" +
      std::string(kWireName) + "\" masquerade\n  }\n}\n");
  ns().must({"nft", "-f", rules.path()});
}

// The flowtable lists the bridge's ports, not the bridge: since Linux 5.13 a flow has the port as
// its device.
void BridgeStack::add_flowtable(size_t vms) const {
  std::string devices = kWireName;
  for (size_t vm = 0; vm < vms; vm++) devices += ", " + tap_name(vm);
  const ScratchFile rules(
      "table ip fast {\n  flowtable flows { hook ingress priority 0; devices = { " + devices +
      " }; }\n  chain forward { type filter hook forward priority 0;\n"
      "    meta l4proto { tcp, udp } flow add @flows\n  }\n}\n");
  const auto added = ns().run({"nft", "-f", rules.path()});
  if (!added.ok()) throw Unsupported("flowtables: not on this kernel");
}

void BridgeStack::expect_short_way() const {
  if (forwarding_ != Forwarding::kFlowtable) return;
  const bool is_offloaded = ns().in([] {
    std::ifstream connections("/proc/thread-self/net/nf_conntrack");
    for (std::string line; std::getline(connections, line);)
      if (line.find("[OFFLOAD]") != std::string::npos) return true;
    return false;
  });
  if (!is_offloaded) throw test::SetupError("checking a flowtable: the connection is not in it");
}

void BridgeStack::add_filter(const Filter& filter) const {
  const ScratchFile rules(ruleset(filter));
  ns().must({"nft", "-f", rules.path()});
}

}  // namespace xvnet::bench
