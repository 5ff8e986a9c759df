// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/host_use.h"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

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

// Empty: it is not this device's, or link-local.
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

bool leads_through(const nlattr* hops, std::uint32_t ifindex) {
  const auto* hop = static_cast<const rtnexthop*>(nla_data(hops));
  int left = nla_len(hops);
  while (RTNH_OK(hop, left)) {
    if (static_cast<std::uint32_t>(hop->rtnh_ifindex) == ifindex) return true;
    left -= RTNH_ALIGN(hop->rtnh_len);
    hop = RTNH_NEXT(hop);
  }
  return false;
}

bool is_default_route(const nlmsghdr* answer, std::uint32_t ifindex) {
  const auto* route = static_cast<const rtmsg*>(nlmsg_data(answer));
  if (route->rtm_dst_len != 0 || route->rtm_type != RTN_UNICAST) return false;
  auto* message = const_cast<nlmsghdr*>(answer);
  const nlattr* device = nlmsg_find_attr(message, sizeof *route, RTA_OIF);
  if (device && nla_get_u32(device) == ifindex) return true;
  const nlattr* hops = nlmsg_find_attr(message, sizeof *route, RTA_MULTIPATH);
  return hops && leads_through(hops, ifindex);
}

Result<bool> has_default_route(int family, std::uint32_t ifindex) {
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(family);
  NetlinkMessage message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(header);
  bool is_found = false;
  auto done = execute_route(
      message, [&](const nlmsghdr* answer) { is_found |= is_default_route(answer, ifindex); });
  // Without IPv6 in the kernel there is no route of it.
  if (!done && family == AF_INET6) return false;
  if (!done)
    return fail_netlink(done.error(),
                        fmt::format("list routes of device {}", quoted_device(ifindex)));
  return is_found;
}

}  // namespace

Result<std::string> find_host_use(const Link& link) {
  XVNET_ASSIGN(address, find_address(link.ifindex));
  if (!address.empty()) return fmt::format("it has the address {}", address);
  // The kernel keeps no routes through what is down, and a list of all routes may be long.
  if (!link.is_up) return std::string();
  for (const int family : {AF_INET, AF_INET6}) {
    XVNET_ASSIGN(is_default, has_default_route(family, link.ifindex));
    if (is_default) return std::string("the default route leads through it");
  }
  return std::string();
}

}  // namespace xvnet
