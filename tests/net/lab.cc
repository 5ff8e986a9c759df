// SPDX-License-Identifier: BSD-2-Clause
#include "lab.h"

namespace xvnet::test {

namespace {

std::string far_name(const std::string& dev) { return "w-" + dev; }

}  // namespace

Lab::Lab(Ipv6 ipv6) : host(ipv6) {}

PacketSocket& Lab::add_wire(const std::string& dev) {
  const std::string far = far_name(dev);
  const std::string place = "wire:" + dev;
  add_veth(ns(), dev, outside_, far);
  prepare_far_end(outside_, far);
  set_up(outside_, far);
  set_up(ns(), dev);
  await_ready(outside_, far);
  sockets_[place] = std::make_unique<PacketSocket>(outside_, far);
  ears.add(place, *sockets_[place], ns(), dev);
  return *sockets_[place];
}

PacketSocket& Lab::add_uplink(const std::string& dev, const Words& args) {
  PacketSocket& wire = add_wire(dev);
  host.uplink_add(dev, args);
  ears.settle();
  return wire;
}

Tap& Lab::add_vm(const std::string& name, const Words& args, const TapOptions& options) {
  host.attach(name, args);
  return open_vm(name, options);
}

Tap& Lab::open_vm(const std::string& name, const TapOptions& options) {
  taps_[name] = std::make_unique<Tap>(ns(), name, options);
  ears.add(name, *taps_[name]);
  return *taps_[name];
}

PacketSocket& Lab::add_container(const std::string& name, const Words& args, int ifindex) {
  const std::string far = "c-" + name;
  add_veth(ns(), name, outside_, far, ifindex);
  prepare_far_end(outside_, far);
  set_up(outside_, far);
  host.attach(name, args);
  await_ready(outside_, far);
  sockets_[name] = std::make_unique<PacketSocket>(outside_, far);
  ears.add(name, *sockets_[name], ns(), name);
  return *sockets_[name];
}

void Lab::listen_to_host() { ears.add_stack("host", ns()); }

// Like a VLAN sub-interface, a bridge receives frames after the uplink's tc program and sees their
// tags.
void Lab::bridge_over(const std::string& dev) {
  const std::string bridge = "br-" + dev;
  const std::string place = "host:" + dev;
  ns().must({"ip", "link", "add", "name", bridge, "type", "bridge", "stp_state", "0"});
  ns().must({"ip", "link", "set", "dev", dev, "master", bridge});
  // A promiscuous bridge delivers a copy of every frame to its own device.
  ns().must({"ip", "link", "set", "dev", bridge, "promisc", "on", "up"});
  await_ready(ns(), bridge);
  sockets_[place] = std::make_unique<PacketSocket>(ns(), bridge);
  ears.add(place, *sockets_[place], outside_, far_name(dev));
}

Places Lab::where(const Frame& frame) {
  ears.flush();
  return seen_at(frame);
}

Places Lab::seen_at(const Frame& frame) const {
  const Places places = ears.places(frame.marker);
  for (const auto& place : places) {
    // A duplicate frame is as wrong as a lost frame.
    EXPECT_EQ(ears.seen(place, frame.marker).size(), 1u) << "copies at " << place;
  }
  return places;
}

Received Lab::at(const std::string& place, const Frame& frame) {
  ears.flush();
  const auto seen = ears.seen(place, frame.marker);
  if (seen.size() != 1) {
    throw SetupError(std::to_string(seen.size()) + " copies at \"" + place + "\", not one");
  }
  return seen.front();
}

}  // namespace xvnet::test
