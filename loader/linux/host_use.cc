// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/host_use.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "loader/linux/device_name.h"
#include "loader/linux/interface_address.h"
#include "loader/linux/netlink_socket.h"

namespace xvnet {
namespace {

std::string address_text(int family, const nlattr* attribute, int prefix) {
  const NetlinkAddress address(
      nl_addr_build(family, nla_data(attribute), static_cast<std::size_t>(nla_len(attribute))));
  if (!address) return "?";
  nl_addr_set_prefixlen(address.get(), prefix);
  char text[INET6_ADDRSTRLEN + sizeof "/128"];
  return nl_addr2str(address.get(), text, sizeof text);
}

// Returns an empty string if the address belongs to another device or is link-local.
std::string global_address_text(const nlmsghdr* answer, std::uint32_t ifindex) {
  const auto* info = static_cast<const ifaddrmsg*>(nlmsg_data(answer));
  if (info->ifa_index != ifindex) return "";
  if (info->ifa_family == AF_INET6 && info->ifa_scope == RT_SCOPE_LINK) return "";
  const nlattr* local = interface_address(answer);
  return local ? address_text(info->ifa_family, local, info->ifa_prefixlen) : "";
}

Result<std::string> find_address(std::uint32_t ifindex) {
  ifaddrmsg header{};
  header.ifa_family = AF_UNSPEC;
  header.ifa_index = ifindex;
  NetlinkMessage message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(header);
  std::string first;
  auto done = execute_route(message, [&](const nlmsghdr* answer) {
    if (first.empty()) first = global_address_text(answer, ifindex);
  });
  if (!done)
    return fail_netlink(done.error(),
                        fmt::format("list addresses of device {}", quoted_device(ifindex)));
  return first;
}

void add_hops(const nlattr* hops, std::vector<std::uint32_t>& devices) {
  const auto* hop = static_cast<const rtnexthop*>(nla_data(hops));
  int left = nla_len(hops);
  while (RTNH_OK(hop, left)) {
    devices.push_back(static_cast<std::uint32_t>(hop->rtnh_ifindex));
    left -= RTNH_ALIGN(hop->rtnh_len);
    hop = RTNH_NEXT(hop);
  }
}

bool leads_through(const nlattr* hops, std::uint32_t ifindex) {
  std::vector<std::uint32_t> devices;
  add_hops(hops, devices);
  return std::ranges::find(devices, ifindex) != devices.end();
}

// Whether the route was configured. Routes that the kernel creates itself go with their origin: an
// address, or a router advertisement.
bool is_given(const rtmsg& route) {
  return route.rtm_type == RTN_UNICAST && route.rtm_protocol != RTPROT_KERNEL &&
         (route.rtm_dst_len == 0 || route.rtm_protocol != RTPROT_RA);
}

// Returns an empty string if the kernel created the route, or if it leads elsewhere.
std::string route_text(const nlmsghdr* answer, std::uint32_t ifindex) {
  const auto* route = static_cast<const rtmsg*>(nlmsg_data(answer));
  if (!is_given(*route)) return "";
  auto* message = const_cast<nlmsghdr*>(answer);
  const nlattr* device = nlmsg_find_attr(message, sizeof *route, RTA_OIF);
  const nlattr* hops = nlmsg_find_attr(message, sizeof *route, RTA_MULTIPATH);
  if (!(device && nla_get_u32(device) == ifindex) && !(hops && leads_through(hops, ifindex)))
    return "";
  const nlattr* to = nlmsg_find_attr(message, sizeof *route, RTA_DST);
  if (route->rtm_dst_len == 0 || !to) return "the default route leads through it";
  return fmt::format("the route {} leads through it",
                     address_text(route->rtm_family, to, route->rtm_dst_len));
}

std::expected<void, NetlinkError> for_each_route(int family,
                                                 const NetlinkSocket::Handler& handler) {
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(family);
  NetlinkMessage message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(header);
  return execute_route(message, handler);
}

Result<std::string> find_route(int family, std::uint32_t ifindex) {
  std::string found;
  auto done = for_each_route(family, [&](const nlmsghdr* answer) {
    if (found.empty()) found = route_text(answer, ifindex);
  });
  // A kernel without IPv6 has no IPv6 routes.
  if (!done && family == AF_INET6) return std::string();
  if (!done)
    return fail_netlink(done.error(),
                        fmt::format("list routes of device {}", quoted_device(ifindex)));
  return found;
}

// The IFLA_LINK of a veth names its other end, which is not stacked on the device.
std::string upper_text(const nlmsghdr* answer, std::uint32_t ifindex) {
  auto* message = const_cast<nlmsghdr*>(answer);
  const nlattr* lower = nlmsg_find_attr(message, sizeof(ifinfomsg), IFLA_LINK);
  const nlattr* name = nlmsg_find_attr(message, sizeof(ifinfomsg), IFLA_IFNAME);
  const auto* info = static_cast<const ifinfomsg*>(nlmsg_data(answer));
  if (!lower || !name || nla_get_u32(lower) != ifindex ||
      static_cast<std::uint32_t>(info->ifi_index) == ifindex ||
      nlmsg_find_attr(message, sizeof(ifinfomsg), IFLA_LINK_NETNSID))
    return "";
  const nlattr* details = nlmsg_find_attr(message, sizeof(ifinfomsg), IFLA_LINKINFO);
  const nlattr* kind =
      details ? nla_find(static_cast<nlattr*>(nla_data(details)), nla_len(details), IFLA_INFO_KIND)
              : nullptr;
  const std::string type = kind ? nla_get_string(kind) : "other";
  if (type == "veth" || type == "netkit") return "";
  return fmt::format("the {} device {} is on it", type, nla_get_string(name));
}

Result<std::string> find_upper(std::uint32_t ifindex) {
  NetlinkMessage message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(ifinfomsg{});
  std::string found;
  auto done = execute_route(message, [&](const nlmsghdr* answer) {
    if (found.empty()) found = upper_text(answer, ifindex);
  });
  if (!done)
    return fail_netlink(done.error(), fmt::format("list what is on {}", quoted_device(ifindex)));
  return found;
}

}  // namespace

Result<std::vector<std::uint32_t>> find_default_route_devices() {
  std::vector<std::uint32_t> devices;
  auto done = for_each_route(AF_INET, [&](const nlmsghdr* answer) {
    const auto* route = static_cast<const rtmsg*>(nlmsg_data(answer));
    if (route->rtm_type != RTN_UNICAST || route->rtm_dst_len != 0) return;
    auto* found = const_cast<nlmsghdr*>(answer);
    if (const nlattr* device = nlmsg_find_attr(found, sizeof *route, RTA_OIF))
      devices.push_back(nla_get_u32(device));
    if (const nlattr* hops = nlmsg_find_attr(found, sizeof *route, RTA_MULTIPATH))
      add_hops(hops, devices);
  });
  if (!done) return fail_netlink(done.error(), "list the default routes");
  return devices;
}

namespace {

// Returns an empty string if the route has no MTU, or a locked one.
std::string unlocked_mtu_text(nlmsghdr* answer) {
  const auto* route = static_cast<const rtmsg*>(nlmsg_data(answer));
  const nlattr* metrics = nlmsg_find_attr(answer, sizeof *route, RTA_METRICS);
  if (!metrics || route->rtm_type != RTN_UNICAST) return "";
  const auto metric = [&](int number) -> std::uint32_t {
    const nlattr* found =
        nla_find(static_cast<const nlattr*>(nla_data(metrics)), nla_len(metrics), number);
    return found ? nla_get_u32(found) : 0;
  };
  const bool is_locked = metric(RTAX_LOCK) & (1U << RTAX_MTU);
  if (!metric(RTAX_MTU) || is_locked) return "";
  const nlattr* to = nlmsg_find_attr(answer, sizeof *route, RTA_DST);
  return fmt::format("{} mtu {}", to ? address_text(AF_INET, to, route->rtm_dst_len) : "default",
                     metric(RTAX_MTU));
}

}  // namespace

Result<std::vector<std::string>> find_unlocked_route_mtus() {
  std::vector<std::string> found;
  auto done = for_each_route(AF_INET, [&](const nlmsghdr* answer) {
    const std::string text = unlocked_mtu_text(const_cast<nlmsghdr*>(answer));
    if (!text.empty()) found.push_back(text);
  });
  if (!done) return fail_netlink(done.error(), "list the MTUs of routes");
  return found;
}

Result<std::string> find_host_use(const Link& link) {
  XVNET_ASSIGN(address, find_address(link.ifindex));
  if (!address.empty()) return fmt::format("it has the address {}", address);
  XVNET_ASSIGN(upper, find_upper(link.ifindex));
  if (!upper.empty()) return upper;
  // A device that is down has no routes, and the list of all routes may be long.
  if (!link.is_up) return std::string();
  for (const int family : {AF_INET, AF_INET6}) {
    XVNET_ASSIGN(route, find_route(family, link.ifindex));
    if (!route.empty()) return route;
  }
  return std::string();
}

}  // namespace xvnet
