// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel datapath of Open vSwitch. Its flows are those that ovs-vswitchd would install after
// the first frame of each flow (action NORMAL, or a router with ct(nat)). So it is in the state for
// all later frames. There is no user space process, and no frame is sent to one.
#include <fmt/format.h>

#include "link.h"
#include "stack.h"

namespace xvnet::bench {

namespace {

constexpr const char* kDatapath = "dp0";
constexpr size_t kFirstDatapathPort = 1;  // of a datapath; 0 is its local port
constexpr int kTtl = 64;                  // of every frame that is sent
constexpr int kZone = 1;
// The recirculation id of frames that conntrack has seen.
constexpr int kTracked = 1;

std::string eth(const std::string& src, const std::string& dst) {
  return fmt::format("eth(src={},dst={})", src, dst);
}

std::string back_to_zone() { return fmt::format("ct(zone={},nat),recirc({})", kZone, kTracked); }

// A router hop: new MACs, and a TTL that is one less.
std::string hop(const std::string& src, const std::string& dst, size_t port) {
  return fmt::format("set({}),set(ipv4(ttl={})),{}", eth(src, dst), kTtl - 1, port);
}

std::string tracked(size_t in_port, const std::string& state) {
  return fmt::format(
      "recirc_id({}),in_port({}),ct_state({}),ct_zone({}),eth(),eth_type(0x0800),"
      "ipv4(ttl={},frag=no)",
      kTracked, in_port, state, kZone, kTtl);
}

}  // namespace

OvsStack::OvsStack(const Layout& layout) {
  const auto made = ns().run({"ovs-dpctl", "add-dp", kDatapath});
  if (!made.ok()) throw Unsupported("Open vSwitch: not on this machine: " + made.err);
  for (size_t vm = 0; vm < layout.vms; vm++) {
    open_vm(vm, layout.tap);
    add_port(tap_name(vm), kFirstDatapathPort + vm);
  }
  wire_port_ = kFirstDatapathPort + layout.vms;
  if (layout.wire != Wire::kNone) {
    add_wire(layout.wire);
    add_port(kWireName, wire_port_);
  }
  if (layout.outside == Outside::kNat) {
    translate();
  } else {
    connect_vms(layout.vms);
    if (layout.wire != Wire::kNone) tag_wire();
  }
}

void OvsStack::add_port(const std::string& dev, size_t number) const {
  ns().must({"ovs-dpctl", "add-if", kDatapath, fmt::format("{},port_no={}", dev, number)});
  test::set_up(ns(), dev);
  test::await_ready(ns(), dev);
}

void OvsStack::add_flow(const std::string& match, const std::string& actions) const {
  ns().must({"ovs-dpctl", "add-flow", kDatapath, match, actions});
}

// Like NORMAL, flows match the source MAC too, because NORMAL learns from it.
void OvsStack::connect_vms(size_t vms) const {
  for (size_t from = 0; from < vms; from++) {
    for (size_t to = 0; to < vms; to++) {
      if (from == to) continue;
      add_flow(fmt::format("recirc_id(0),in_port({}),{},eth_type(0x0800),ipv4(frag=no)",
                           kFirstDatapathPort + from, eth(vm_mac(from), vm_mac(to))),
               std::to_string(kFirstDatapathPort + to));
    }
  }
}

void OvsStack::tag_wire() const {
  add_flow(fmt::format("recirc_id(0),in_port({}),{},eth_type(0x0800),ipv4(frag=no)",
                       kFirstDatapathPort, eth(vm_mac(0), kRouterMac)),
           fmt::format("push_vlan(vid={},pcp=0),{}", kVid, wire_port_));
  add_flow(fmt::format("recirc_id(0),in_port({}),{},eth_type(0x8100),vlan(vid={},pcp=0),"
                       "encap(eth_type(0x0800),ipv4(frag=no))",
                       wire_port_, eth(kRouterMac, vm_mac(0)), kVid),
           fmt::format("pop_vlan,{}", kFirstDatapathPort));
}

void OvsStack::translate() const {
  add_flow(fmt::format("recirc_id(0),in_port({}),{},eth_type(0x0800),ipv4(frag=no)",
                       kFirstDatapathPort, eth(vm_mac(0), kGatewayMac)),
           back_to_zone());
  add_flow(fmt::format("recirc_id(0),in_port({}),{},eth_type(0x0800),ipv4(dst={},frag=no)",
                       wire_port_, eth(kRouterMac, kUplinkMac), kPoolIp),
           back_to_zone());
  const std::string out = hop(kUplinkMac, kRouterMac, wire_port_);
  add_flow(tracked(kFirstDatapathPort, "+new-est+trk"),
           fmt::format("ct(commit,zone={},nat(src={})),{}", kZone, kPoolIp, out));
  add_flow(tracked(kFirstDatapathPort, "-new+est-rpl+trk"), out);
  add_flow(tracked(wire_port_, "-new+est+rpl+trk"),
           hop(kGatewayMac, vm_mac(0), kFirstDatapathPort));
}

}  // namespace xvnet::bench
