// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "link.h"
#include "scratch_file.h"
#include "stack.h"

namespace xvnet::bench {

namespace {

constexpr size_t kSparePortsOfANetwork = 100;
constexpr size_t kLastVid = 4094;
constexpr std::chrono::seconds kRestoreLimit{600};  // for thousands of objects, emulated

std::string network_name(size_t number) { return fmt::format("tenant{}", number); }

std::string public_ip(size_t network) {
  return network == 0 ? kPoolIp : fmt::format("203.0.113.{}", 10 + network);
}

nlohmann::json vlan_network(size_t vid) {
  return {{"name", fmt::format("spare{}", vid)}, {"vlan", vid}, {"ageing", 300}};
}

}  // namespace

XvnetStack::XvnetStack(const Layout& layout, const XvnetOptions& options) {
  if (layout.wire != Wire::kNone) {
    add_wire(layout.wire);
    if (layout.outside == Outside::kNat) route_to_router();
    host().uplink_add(kWireName, {"--mode", options.mode});
  }
  if (layout.outside == Outside::kNat) {
    for (size_t network = 0; network < options.natted_networks; network++)
      add_network(network, options);
  } else {
    host().must({"network", "add", network_name(0), "--vlan", std::to_string(kVid)});
  }
  attach_vms(layout, options);
  if (options.spare_ports + options.spare_networks > 0) add_spares(options);
}

void XvnetStack::add_network(size_t number, const XvnetOptions& options) const {
  test::Words words = {"network",
                       "add",
                       network_name(number),
                       "--vlan",
                       std::to_string(kVid + number),
                       "--subnet",
                       "10.0.0.0/24",
                       "--gateway",
                       kGatewayIp,
                       "--snat",
                       public_ip(number)};
  words.insert(words.end(), options.snat.begin(), options.snat.end());
  host().must(words);
}

void XvnetStack::attach_vms(const Layout& layout, const XvnetOptions& options) {
  const bool has_addresses = layout.outside == Outside::kNat;
  for (size_t vm = 0; vm < layout.vms; vm++) {
    const size_t network = has_addresses ? vm % options.natted_networks : 0;
    test::Words words = {"--network",  network_name(network), "--mode",
                         options.mode, "--max-macs",          std::to_string(options.max_macs)};
    if (has_addresses) {
      const size_t place = vm / options.natted_networks;
      words.insert(words.end(), {"--ip", vm_ip(place)});
    }
    if (!options.guest_offloads) words.insert(words.end(), {"--guest-offloads", "off"});
    host().attach(tap_name(vm), words);
    open_vm(vm, layout.tap);
    test::await_ready(ns(), tap_name(vm));
  }
}

// Restores all spares at once, because single commands for thousands would take minutes.
void XvnetStack::add_spares(const XvnetOptions& options) const {
  auto state = nlohmann::json::parse(host().must({"save", "-"}).out);
  const size_t for_ports =
      (options.spare_ports + kSparePortsOfANetwork - 1) / kSparePortsOfANetwork;
  size_t vid = 0;
  for (size_t added = 0; added < std::max(for_ports, options.spare_networks); added++) {
    vid = added + (added + 1 < kVid ? 1 : 2);  // every VID but kVid
    if (vid > kLastVid) throw test::SetupError("making spare networks: there are not so many VIDs");
    state["networks"].push_back(vlan_network(vid));
    for (size_t port = added * kSparePortsOfANetwork;
         port < std::min(options.spare_ports, (added + 1) * kSparePortsOfANetwork); port++) {
      state["ports"].push_back({{"dev", fmt::format("spare{}", port)},
                                {"network", fmt::format("spare{}", vid)},
                                {"mode", options.mode},
                                {"create", true}});
    }
  }
  const ScratchFile file(state.dump());
  const auto restored = test::run_command(
      {test::xvnet_binary(), "--instance", host().instance(), "restore", file.path()},
      {.netns_path = ns().path(), .environment = {}, .limit = kRestoreLimit});
  if (!restored.ok()) throw test::SetupError(restored.describe());
}

}  // namespace xvnet::bench
