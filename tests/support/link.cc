// SPDX-License-Identifier: BSD-2-Clause
#include "link.h"

#include <net/if.h>

#include <algorithm>

namespace xvnet::test {

void add_veth(const NetNs& a, const std::string& name_a, const NetNs& b,
              const std::string& name_b) {
  // "name" spelt out: a short name alone can be an abbreviation of a keyword.
  std::vector<std::string> command = {"ip",   "link", "add",  "name", name_a,
                                      "type", "veth", "peer", "name", name_b};
  if (&a != &b) command.insert(command.end(), {"netns", b.name()});
  a.must(command);
}

void delete_link(const NetNs& ns, const std::string& dev) {
  ns.must({"ip", "link", "del", "dev", dev});
}

void set_up(const NetNs& ns, const std::string& dev) {
  ns.must({"ip", "link", "set", "dev", dev, "up"});
}

void set_down(const NetNs& ns, const std::string& dev) {
  ns.must({"ip", "link", "set", "dev", dev, "down"});
}

void set_mac(const NetNs& ns, const std::string& dev, const std::string& mac) {
  ns.must({"ip", "link", "set", "dev", dev, "address", mac});
}

void set_mtu(const NetNs& ns, const std::string& dev, int mtu) {
  ns.must({"ip", "link", "set", "dev", dev, "mtu", std::to_string(mtu)});
}

void add_address(const NetNs& ns, const std::string& dev, const std::string& cidr) {
  ns.must({"ip", "address", "add", cidr, "dev", dev});
}

int ifindex(const NetNs& ns, const std::string& dev) {
  return ns.in([&] { return static_cast<int>(if_nametoindex(dev.c_str())); });
}

bool exists(const NetNs& ns, const std::string& dev) { return ifindex(ns, dev) != 0; }

nlohmann::json link_info(const NetNs& ns, const std::string& dev) {
  const auto shown =
      ns.must({"ip", "-details", "-statistics", "-json", "link", "show", "dev", dev});
  return nlohmann::json::parse(shown.out).at(0);
}

bool is_up(const NetNs& ns, const std::string& dev) {
  const auto flags = link_info(ns, dev).at("flags");
  return std::find(flags.begin(), flags.end(), "UP") != flags.end();
}

bool is_ready(const NetNs& ns, const std::string& dev) {
  const auto info = link_info(ns, dev);
  return info.at("operstate") != "DOWN" && info.at("qdisc") != "noop";
}

void await_ready(const NetNs& ns, const std::string& dev) {
  if (!eventually([&] { return is_ready(ns, dev); })) {
    throw SetupError("\"" + dev + "\" has no carrier");
  }
}

std::string mac_of(const NetNs& ns, const std::string& dev) {
  return link_info(ns, dev).at("address").get<std::string>();
}

bool feature(const NetNs& ns, const std::string& dev, const std::string& name) {
  const std::string shown = ns.must({"ethtool", "-k", dev}).out;
  const std::string key = name + ": ";
  size_t at = shown.find(key);
  // The name must be a whole word: "vlan-offload: " also ends "rx-vlan-offload: ".
  while (at != std::string::npos && at > 0 && shown[at - 1] != '\n' && shown[at - 1] != '\t') {
    at = shown.find(key, at + 1);
  }
  if (at == std::string::npos) throw SetupError("no feature \"" + name + "\" on \"" + dev + "\"");
  return shown.compare(at + key.size(), 2, "on") == 0;
}

void set_feature(const NetNs& ns, const std::string& dev, const std::string& name, bool on) {
  ns.must({"ethtool", "-K", dev, name, on ? "on" : "off"});
  if (feature(ns, dev, name) != on) {
    throw SetupError("feature \"" + name + "\" of \"" + dev + "\" cannot be changed");
  }
}

void prepare_far_end(const NetNs& ns, const std::string& dev) {
  set_feature(ns, dev, "generic-receive-offload", true);
  set_feature(ns, dev, "tx-vlan-offload", false);
  set_feature(ns, dev, "tx-vlan-stag-hw-insert", false);
}

}  // namespace xvnet::test
