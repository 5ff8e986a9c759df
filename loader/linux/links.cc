// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/links.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "loader/base/text.h"
#include "loader/linux/device_name.h"
#include "loader/linux/interface_address.h"
#include "loader/linux/netlink_socket.h"
#include "loader/linux/sysctl.h"

namespace xvnet {
namespace {

ifinfomsg link_header(std::uint32_t ifindex) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(ifindex);
  return header;
}

Result<void> execute(const NetlinkMessage& message, std::string doing) {
  auto done = execute_route(message);
  if (!done) return fail_netlink(done.error(), std::move(doing));
  return {};
}

// Does nothing if there is no IPv6 in the kernel or on this device (its MTU is below 1280).
Result<void> set_address_generation(std::uint32_t ifindex, std::uint8_t mode,
                                    const std::string& doing) {
  NetlinkMessage message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(link_header(ifindex));
  message.nest(IFLA_AF_SPEC, [&] {
    message.nest(AF_INET6, [&] { message.put(IFLA_INET6_ADDR_GEN_MODE, mode); });
  });
  auto done = execute_route(message);
  if (done || done.error().number == EAFNOSUPPORT || done.error().number == EOPNOTSUPP) return {};
  // The secret of this mode was lost when the device's MTU fell below 1280 and IPv6 was removed.
  if (mode == IN6_ADDR_GEN_MODE_STABLE_PRIVACY && done.error().number == EINVAL) return {};
  return fail_netlink(done.error(), doing);
}

Result<NetlinkAddress> parse_cidr(std::string_view cidr, const std::string& doing) {
  nl_addr* parsed = nullptr;
  int result = nl_addr_parse(std::string(cidr).c_str(), AF_UNSPEC, &parsed);
  NetlinkAddress address(result < 0 ? nullptr : parsed);
  int family = address ? nl_addr_get_family(address.get()) : AF_UNSPEC;
  if ((family != AF_INET && family != AF_INET6) || nl_addr_get_len(address.get()) == 0) {
    return fail(ErrorKind::kUsage, doing + ": not an address with a prefix length",
                "for example 192.0.2.1/24 or 2001:db8::1/64");
  }
  return address;
}

std::expected<void, NetlinkError> change_address(int type, int flags, std::uint32_t ifindex,
                                                 const nl_addr* address) {
  auto* bytes = const_cast<nl_addr*>(address);
  int size = static_cast<int>(nl_addr_get_len(address));
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(nl_addr_get_family(address));
  header.ifa_prefixlen = static_cast<std::uint8_t>(nl_addr_get_prefixlen(address));
  header.ifa_index = ifindex;
  NetlinkMessage message(type, NLM_F_REQUEST | NLM_F_ACK | flags);
  message.header(header);
  message.put_bytes(IFA_LOCAL, nl_addr_get_binary_addr(bytes), size);
  message.put_bytes(IFA_ADDRESS, nl_addr_get_binary_addr(bytes), size);
  return execute_route(message);
}

std::optional<InterfaceAddress> read_ipv4_address(const nlmsghdr* answer, std::uint32_t ifindex) {
  const auto* info = static_cast<const ifaddrmsg*>(nlmsg_data(answer));
  if (info->ifa_index != ifindex || info->ifa_family != AF_INET) return std::nullopt;
  const nlattr* local = interface_address(answer);
  if (!local || nla_len(local) != sizeof(std::uint32_t)) return std::nullopt;
  return InterfaceAddress{{ntohl(nla_get_u32(local))}, info->ifa_prefixlen};
}

bool is_address(const nlmsghdr* answer, std::uint32_t ifindex, const nl_addr* address) {
  const auto* info = static_cast<const ifaddrmsg*>(nlmsg_data(answer));
  if (info->ifa_index != ifindex || info->ifa_family != nl_addr_get_family(address) ||
      info->ifa_prefixlen != nl_addr_get_prefixlen(address))
    return false;
  const nlattr* local = interface_address(answer);
  return local && nla_len(local) == static_cast<int>(nl_addr_get_len(address)) &&
         std::memcmp(nla_data(local), nl_addr_get_binary_addr(address), nl_addr_get_len(address)) ==
             0;
}

}  // namespace

Result<Mac> random_mac() {
  constexpr std::uint8_t kMulticast = 0x01;  // IEEE 802-2014, 8.2.2
  constexpr std::uint8_t kLocal = 0x02;
  Mac mac{};
  if (getrandom(mac.data(), mac.size(), 0) != static_cast<ssize_t>(mac.size()))
    return fail_errno(errno, "choose a MAC");
  mac[0] = static_cast<std::uint8_t>((mac[0] & ~kMulticast) | kLocal);
  return mac;
}

Result<void> create_veth_pair(std::string_view name, std::string_view peer) {
  XVNET_TRY(check_device_name("create veth", name));
  XVNET_TRY(check_device_name("create veth", peer));
  XVNET_ASSIGN(own_mac, random_mac());
  XVNET_ASSIGN(peer_mac, random_mac());
  NetlinkMessage message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  message.header(ifinfomsg{}).put_string(IFLA_IFNAME, name).put(IFLA_ADDRESS, own_mac);
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, "veth");
    message.nest(IFLA_INFO_DATA, [&] {
      message.nest(VETH_INFO_PEER, [&] {
        message.header(ifinfomsg{}).put_string(IFLA_IFNAME, peer).put(IFLA_ADDRESS, peer_mac);
      });
    });
  });
  return execute(message, fmt::format("create veth {:?} with peer {:?}", name, peer));
}

Result<void> delete_link_by_index(std::uint32_t ifindex) {
  NetlinkMessage message(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(link_header(ifindex));
  return execute(message, fmt::format("delete device {}", quoted_device(ifindex)));
}

Result<void> set_link_name(std::uint32_t ifindex, std::string_view name) {
  NetlinkMessage message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(link_header(ifindex)).put_string(IFLA_IFNAME, name);
  return execute(message, fmt::format("rename device {} to {:?}", quoted_device(ifindex), name));
}

// An empty alias removes the present one.
Result<void> set_link_alias(std::uint32_t ifindex, std::string_view alias) {
  NetlinkMessage message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(link_header(ifindex));
  message.put_bytes(IFLA_IFALIAS, alias.data(), static_cast<int>(alias.size()));
  return execute(message, fmt::format("set the alias of device {}", quoted_device(ifindex)));
}

Result<void> set_link_flags(std::uint32_t ifindex, unsigned flags, bool on) {
  ifinfomsg header = link_header(ifindex);
  header.ifi_change = flags;
  header.ifi_flags = on ? flags : 0;
  NetlinkMessage message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(header);
  std::string_view what = flags == IFF_UP ? (on ? "up" : "down") : on ? "flags on" : "flags off";
  if (flags == IFF_PROMISC) what = on ? "promiscuous" : "not promiscuous";
  return execute(message, fmt::format("set device {} {}", quoted_device(ifindex), what));
}

Result<void> set_link_mtu(std::uint32_t ifindex, std::uint32_t mtu) {
  NetlinkMessage message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(link_header(ifindex)).put(IFLA_MTU, mtu);
  return execute(message, fmt::format("set mtu {} of device {}", mtu, quoted_device(ifindex)));
}

Result<void> set_link_master(std::uint32_t ifindex, std::uint32_t master) {
  NetlinkMessage message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
  message.header(link_header(ifindex)).put(IFLA_MASTER, master);
  const std::string device = quoted_device(ifindex);
  return execute(message, master
                              ? fmt::format("put device {} into {}", device, quoted_device(master))
                              : fmt::format("take device {} out of its bridge or bond", device));
}

Result<void> set_link_noise(std::uint32_t ifindex, const Noise& noise) {
  static_assert(kNoAddress == IN6_ADDR_GEN_MODE_NONE);
  const std::string doing =
      fmt::format("set ARP and IPv6 of the host on device {}", quoted_device(ifindex));
  XVNET_TRY(set_link_flags(ifindex, IFF_NOARP, !noise.has_arp));
  if (!noise.has_ipv6) return {};
  XVNET_TRY(set_address_generation(ifindex, noise.address_mode, doing));
  return set_link_ipv6(ifindex, *noise.has_ipv6, doing);
}

Result<void> add_link_address(std::uint32_t ifindex, std::string_view cidr) {
  std::string doing = fmt::format("add address {:?} to {}", cidr, quoted_device(ifindex));
  XVNET_ASSIGN(address, parse_cidr(cidr, doing));
  auto done = change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, address.get());
  if (!done && done.error().number != EEXIST) return fail_netlink(done.error(), doing);
  return {};
}

Result<void> remove_link_address(std::uint32_t ifindex, std::string_view cidr) {
  std::string doing = fmt::format("remove address {:?} from {}", cidr, quoted_device(ifindex));
  XVNET_ASSIGN(address, parse_cidr(cidr, doing));
  auto done = change_address(RTM_DELADDR, 0, ifindex, address.get());
  if (!done && done.error().number != EADDRNOTAVAIL) return fail_netlink(done.error(), doing);
  return {};
}

Result<bool> has_link_address(std::uint32_t ifindex, std::string_view cidr) {
  std::string doing = fmt::format("look for address {:?} at {}", cidr, quoted_device(ifindex));
  XVNET_ASSIGN(address, parse_cidr(cidr, doing));
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(nl_addr_get_family(address.get()));
  header.ifa_index = ifindex;
  NetlinkMessage message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(header);
  bool is_there = false;
  auto done = execute_route(message, [&](const nlmsghdr* answer) {
    is_there |= is_address(answer, ifindex, address.get());
  });
  if (!done) return fail_netlink(done.error(), doing);
  return is_there;
}

Result<std::vector<InterfaceAddress>> list_ipv4_addresses(std::uint32_t ifindex) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_index = ifindex;
  NetlinkMessage message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(header);
  std::vector<InterfaceAddress> addresses;
  auto done = execute_route(message, [&](const nlmsghdr* answer) {
    if (auto address = read_ipv4_address(answer, ifindex)) addresses.push_back(*address);
  });
  if (!done)
    return fail_netlink(done.error(),
                        fmt::format("list addresses of device {}", quoted_device(ifindex)));
  return addresses;
}

Result<std::uint32_t> find_address_holder(const abi::address& address) {
  const auto ipv4 = ipv4_of(address);
  const std::uint32_t number = ipv4 ? htonl(ipv4->number) : 0;
  const void* bytes = ipv4 ? static_cast<const void*>(&number) : address.bytes;
  const int size = ipv4 ? sizeof number : sizeof address.bytes;
  ifaddrmsg header{};
  header.ifa_family = ipv4 ? AF_INET : AF_INET6;
  NetlinkMessage message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  message.header(header);
  std::uint32_t holder = 0;
  auto done = execute_route(message, [&](const nlmsghdr* answer) {
    const auto* info = static_cast<const ifaddrmsg*>(nlmsg_data(answer));
    const nlattr* local = interface_address(answer);
    if (info->ifa_family == header.ifa_family && local && nla_len(local) == size &&
        std::memcmp(nla_data(local), bytes, static_cast<std::size_t>(size)) == 0)
      holder = info->ifa_index;
  });
  // A kernel without IPv6 has no IPv6 addresses.
  if (!done && !ipv4) return 0;
  if (!done)
    return fail_netlink(done.error(), fmt::format("look for address {}", format_ipv4(*ipv4)));
  return holder;
}

}  // namespace xvnet
