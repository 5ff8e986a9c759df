// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/link_query.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "loader/linux/ethtool.h"
#include "loader/linux/netlink_socket.h"

namespace xvnet {
namespace {

// Debian 12's header lacks it: include/uapi/linux/rtnetlink.h. Kernels ignore unknown bits.
constexpr std::uint32_t kSkipStats = 1 << 3;  // RTEXT_FILTER_SKIP_STATS

std::uint32_t u32_or(const nlattr* attribute, std::uint32_t fallback) {
  return attribute ? nla_get_u32(attribute) : fallback;
}

void read_tun(const nlattr* data, Link& link) {
  nlattr* tun[IFLA_TUN_MAX + 1];
  if (!data || nla_parse_nested(tun, IFLA_TUN_MAX, const_cast<nlattr*>(data), nullptr) < 0) return;
  if (!tun[IFLA_TUN_TYPE] || nla_get_u8(tun[IFLA_TUN_TYPE]) != IFF_TAP) return;
  link.kind = LinkKind::kTap;
  link.is_multi_queue = tun[IFLA_TUN_MULTI_QUEUE] && nla_get_u8(tun[IFLA_TUN_MULTI_QUEUE]);
  if (tun[IFLA_TUN_OWNER]) link.owner = nla_get_u32(tun[IFLA_TUN_OWNER]);
  // The kernel reports the number of open files only for a multi-queue TAP (tun_fill_info).
  link.is_open =
      link.is_multi_queue
          ? u32_or(tun[IFLA_TUN_NUM_QUEUES], 0) + u32_or(tun[IFLA_TUN_NUM_DISABLED_QUEUES], 0) > 0
          : link.has_carrier;
}

void read_kind(nlattr* info, Link& link) {
  nlattr* parts[IFLA_INFO_MAX + 1];
  if (!info || nla_parse_nested(parts, IFLA_INFO_MAX, info, nullptr) < 0) return;
  if (!parts[IFLA_INFO_KIND]) return;
  const std::string_view kind = nla_get_string(parts[IFLA_INFO_KIND]);
  link.type = kind;
  if (kind == "veth") link.kind = LinkKind::kVeth;
  if (kind == "tun") read_tun(parts[IFLA_INFO_DATA], link);
}

// Leaves `has_ipv6` empty if the link has no IPv6.
void read_ipv6(nlattr* families, Noise& noise) {
  noise.has_ipv6.reset();
  nlattr* ipv6 =
      families ? nla_find(static_cast<nlattr*>(nla_data(families)), nla_len(families), AF_INET6)
               : nullptr;
  nlattr* parts[IFLA_INET6_MAX + 1];
  if (!ipv6 || nla_parse_nested(parts, IFLA_INET6_MAX, ipv6, nullptr) < 0) return;
  const nlattr* mode = parts[IFLA_INET6_ADDR_GEN_MODE];
  const nlattr* conf = parts[IFLA_INET6_CONF];
  if (!mode || !conf ||
      nla_len(conf) <= static_cast<int>(DEVCONF_DISABLE_IPV6 * sizeof(std::int32_t)))
    return;
  noise.address_mode = nla_get_u8(mode);
  noise.has_ipv6 = static_cast<const std::int32_t*>(nla_data(conf))[DEVCONF_DISABLE_IPV6] == 0;
}

// Reads a setting of net.ipv4.conf. linux/ip.h numbers the settings from 1, and the kernel lists
// them from the first.
bool is_ipv4_set(nlattr* families, int setting) {
  nlattr* ipv4 =
      families ? nla_find(static_cast<nlattr*>(nla_data(families)), nla_len(families), AF_INET)
               : nullptr;
  const nlattr* conf =
      ipv4 ? nla_find(static_cast<nlattr*>(nla_data(ipv4)), nla_len(ipv4), IFLA_INET_CONF)
           : nullptr;
  const auto at = static_cast<std::size_t>(setting) - 1;
  if (!conf || nla_len(conf) <= static_cast<int>(at * sizeof(std::int32_t))) return false;
  return static_cast<const std::int32_t*>(nla_data(conf))[at] != 0;
}

std::vector<std::uint32_t> read_xdp(nlattr* xdp) {
  std::vector<std::uint32_t> ids;
  nlattr* parts[IFLA_XDP_MAX + 1];
  if (!xdp || nla_parse_nested(parts, IFLA_XDP_MAX, xdp, nullptr) < 0) return ids;
  for (int attribute :
       {IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID, IFLA_XDP_SKB_PROG_ID, IFLA_XDP_HW_PROG_ID}) {
    std::uint32_t id = u32_or(parts[attribute], 0);
    if (id && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

LinkReport read_report(const nlmsghdr* answer) {
  LinkReport report;
  const auto* info = static_cast<const ifinfomsg*>(nlmsg_data(answer));
  nlattr* attributes[IFLA_MAX + 1];
  if (nlmsg_parse(const_cast<nlmsghdr*>(answer), sizeof *info, attributes, IFLA_MAX, nullptr) < 0) {
    return report;
  }
  Link& link = report.link;
  link.ifindex = static_cast<std::uint32_t>(info->ifi_index);
  if (attributes[IFLA_IFALIAS]) link.alias = nla_get_string(attributes[IFLA_IFALIAS]);
  if (attributes[IFLA_IFNAME]) link.name = nla_get_string(attributes[IFLA_IFNAME]);
  link.mtu = u32_or(attributes[IFLA_MTU], 0);
  link.master = u32_or(attributes[IFLA_MASTER], 0);
  link.is_ethernet = info->ifi_type == ARPHRD_ETHER;
  link.is_loopback = info->ifi_flags & IFF_LOOPBACK;
  link.is_up = info->ifi_flags & IFF_UP;
  link.has_carrier = attributes[IFLA_CARRIER] && nla_get_u8(attributes[IFLA_CARRIER]);
  link.is_promiscuous = info->ifi_flags & IFF_PROMISC;
  link.noise.has_arp = !(info->ifi_flags & IFF_NOARP);
  read_ipv6(attributes[IFLA_AF_SPEC], link.noise);
  link.forwards = is_ipv4_set(attributes[IFLA_AF_SPEC], IPV4_DEVCONF_FORWARDING);
  link.accepts_local = is_ipv4_set(attributes[IFLA_AF_SPEC], IPV4_DEVCONF_ACCEPT_LOCAL);
  const nlattr* address = attributes[IFLA_ADDRESS];
  if (address && nla_len(address) == static_cast<int>(link.mac.size())) {
    std::memcpy(link.mac.data(), nla_data(address), link.mac.size());
  }
  read_kind(attributes[IFLA_LINKINFO], link);
  if (link.kind == LinkKind::kVeth) {
    report.peer_ifindex = u32_or(attributes[IFLA_LINK], 0);
    if (attributes[IFLA_LINK_NETNSID]) {
      report.peer_namespace = nla_get_s32(attributes[IFLA_LINK_NETNSID]);
    } else {
      link.peer = report.peer_ifindex;
    }
  }
  report.xdp_programs = read_xdp(attributes[IFLA_XDP]);
  return report;
}

Result<std::optional<LinkReport>> query(const NetlinkMessage& message, std::string doing) {
  std::optional<LinkReport> report;
  auto done = execute_route(message, [&](const nlmsghdr* answer) { report = read_report(answer); });
  if (!done && done.error().number == ENODEV) return std::nullopt;
  if (!done) return fail_netlink(done.error(), std::move(doing));
  if (report) report->link.driver = driver_name(report->link.name);
  return report;
}

}  // namespace

Result<std::optional<LinkReport>> query_link(std::string_view name) {
  if (name.empty() || name.size() >= IFNAMSIZ) return std::nullopt;
  NetlinkMessage message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(ifinfomsg{}).put_string(IFLA_IFNAME, name).put(IFLA_EXT_MASK, kSkipStats);
  return query(message, fmt::format("find device {:?}", name));
}

Result<std::optional<LinkReport>> query_link(std::uint32_t ifindex) {
  // Index 0 would ask for a device by name.
  if (ifindex == 0) return std::nullopt;
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  NetlinkMessage message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(header).put(IFLA_EXT_MASK, kSkipStats);
  return query(message, fmt::format("find device number {}", ifindex));
}

}  // namespace xvnet
