// SPDX-License-Identifier: BSD-2-Clause
#include "link.h"

#include <net/if.h>
// This header must come after those of the C library.
#include <linux/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>

#include <memory>
#include <span>
#include <utility>

namespace xvnet::test {

namespace {

using Netlink = std::unique_ptr<nl_sock, decltype(&nl_socket_free)>;
using Link = std::unique_ptr<rtnl_link, decltype(&rtnl_link_put)>;

[[noreturn]] void fail(const std::string& doing, const std::string& dev, int error) {
  throw SetupError(doing + " \"" + dev + "\": " + nl_geterror(error));
}

Netlink connect(const NetNs& ns) {
  Netlink netlink(nl_socket_alloc(), &nl_socket_free);
  const int error = ns.in([&] { return nl_connect(netlink.get(), NETLINK_ROUTE); });
  if (error < 0) fail("netlink for", ns.name(), error);
  return netlink;
}

Link get_link(nl_sock* netlink, const std::string& dev) {
  rtnl_link* link = nullptr;
  const int error = rtnl_link_get_kernel(netlink, 0, dev.c_str(), &link);
  if (error < 0) fail("look at", dev, error);
  return {link, &rtnl_link_put};
}

Link get_link(const NetNs& ns, const std::string& dev) { return get_link(connect(ns).get(), dev); }

void set_flags(const NetNs& ns, const std::string& dev, unsigned set, unsigned clear) {
  const Netlink netlink = connect(ns);
  const Link link = get_link(netlink.get(), dev);
  const Link wanted(rtnl_link_alloc(), &rtnl_link_put);
  rtnl_link_set_flags(wanted.get(), set);
  rtnl_link_unset_flags(wanted.get(), clear);
  const int error = rtnl_link_change(netlink.get(), link.get(), wanted.get(), 0);
  if (error < 0) fail("change the flags of", dev, error);
}

// `name` is a feature name as `ethtool -k` shows it.
bool is_on(const std::string& shown, const std::string& name) {
  const std::string key = name + ": ";
  size_t at = shown.find(key);
  // The name must match as a whole word, because "rx-vlan-offload: " also ends with "vlan-offload:
  // ".
  while (at != std::string::npos && at > 0 && shown[at - 1] != '\n' && shown[at - 1] != '\t') {
    at = shown.find(key, at + 1);
  }
  if (at == std::string::npos) throw SetupError("there is no feature \"" + name + "\"");
  return shown.compare(at + key.size(), 2, "on") == 0;
}

struct Wanted {
  std::string feature;
  bool on;
};

void set_features(const NetNs& ns, const std::string& dev, std::span<const Wanted> all) {
  std::vector<std::string> command = {"ethtool", "-K", dev};
  for (const Wanted& each : all)
    command.insert(command.end(), {each.feature, each.on ? "on" : "off"});
  ns.must(command);
  const std::string shown = ns.must({"ethtool", "-k", dev}).out;
  for (const Wanted& each : all)
    if (is_on(shown, each.feature) != each.on)
      throw SetupError("feature \"" + each.feature + "\" of \"" + dev + "\" cannot be changed");
}

}  // namespace

void add_veth(const NetNs& a, const std::string& name_a, const NetNs& b, const std::string& name_b,
              int ifindex) {
  // The keyword "name" is given, because a short device name alone could abbreviate another
  // keyword.
  std::vector<std::string> command = {"ip", "link", "add", "name", name_a};
  if (ifindex) command.insert(command.end(), {"index", std::to_string(ifindex)});
  command.insert(command.end(), {"type", "veth", "peer", "name", name_b});
  if (&a != &b) command.insert(command.end(), {"netns", b.name()});
  a.must(command);
}

void delete_link(const NetNs& ns, const std::string& dev) {
  ns.must({"ip", "link", "del", "dev", dev});
}

void set_up(const NetNs& ns, const std::string& dev) { set_flags(ns, dev, IFF_UP, 0); }

void set_down(const NetNs& ns, const std::string& dev) { set_flags(ns, dev, 0, IFF_UP); }

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
  return (rtnl_link_get_flags(get_link(ns, dev).get()) & IFF_UP) != 0;
}

bool is_ready(const NetNs& ns, const std::string& dev) {
  const Link link = get_link(ns, dev);
  const char* qdisc = rtnl_link_get_qdisc(link.get());
  return rtnl_link_get_operstate(link.get()) != IF_OPER_DOWN && qdisc != nullptr &&
         std::string(qdisc) != "noop";
}

void await_ready(const NetNs& ns, const std::string& dev) {
  // Before Linux 6.9, the kernel may report readiness a moment before the device has its queue. So
  // the device must be ready twice in a row.
  bool was_ready = false;
  const auto stays_ready = [&] { return std::exchange(was_ready, is_ready(ns, dev)) && was_ready; };
  if (!eventually(stays_ready)) {
    throw SetupError("\"" + dev + "\" has no carrier");
  }
}

std::string mac_of(const NetNs& ns, const std::string& dev) {
  const Link link = get_link(ns, dev);
  char text[sizeof "00:00:00:00:00:00"];
  return nl_addr2str(rtnl_link_get_addr(link.get()), text, sizeof text);
}

bool feature(const NetNs& ns, const std::string& dev, const std::string& name) {
  return is_on(ns.must({"ethtool", "-k", dev}).out, name);
}

void set_feature(const NetNs& ns, const std::string& dev, const std::string& name, bool on) {
  set_features(ns, dev, {{{name, on}}});
}

void prepare_far_end(const NetNs& ns, const std::string& dev) {
  set_features(ns, dev,
               {{{"generic-receive-offload", true},
                 {"tx-vlan-offload", false},
                 {"tx-vlan-stag-hw-insert", false}}});
}

}  // namespace xvnet::test
