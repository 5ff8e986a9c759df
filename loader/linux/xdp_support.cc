// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/xdp_support.h"

#include <fmt/format.h>
#include <linux/genetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "loader/linux/netlink_socket.h"

namespace xvnet {
namespace {

// Debian 12's headers lack these: include/uapi/linux/netdev.h of Linux 6.3.
constexpr std::string_view kNetdevFamily = "netdev";  // NETDEV_FAMILY_NAME
constexpr std::uint8_t kNetdevVersion = 1;            // NETDEV_FAMILY_VERSION
constexpr std::uint8_t kDevGet = 1;                   // NETDEV_CMD_DEV_GET
constexpr int kDevIfindex = 1;                        // NETDEV_A_DEV_IFINDEX
constexpr int kDevXdpFeatures = 3;                    // NETDEV_A_DEV_XDP_FEATURES
constexpr std::uint64_t kXdpBasic = 1 << 0;           // NETDEV_XDP_ACT_BASIC
constexpr std::uint64_t kXdpRedirect = 1 << 1;        // NETDEV_XDP_ACT_REDIRECT
constexpr std::uint64_t kXdpNdoXmit = 1 << 2;         // NETDEV_XDP_ACT_NDO_XMIT

// These drivers support XDP in both directions since long before 6.1. The kernel reports less: some
// announce NDO_XMIT only while a program is attached.
constexpr std::array<std::string_view, 3> kKnownDrivers = {"tun", "veth", "virtio_net"};

std::expected<std::optional<std::uint16_t>, NetlinkError> find_family(NetlinkSocket& socket) {
  std::optional<std::uint16_t> family;
  NetlinkMessage message(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK);
  message.header(genlmsghdr{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0});
  message.put_string(CTRL_ATTR_FAMILY_NAME, kNetdevFamily);
  auto done = socket.execute(message, [&](const nlmsghdr* answer) {
    const nlattr* id =
        nlmsg_find_attr(const_cast<nlmsghdr*>(answer), GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
    if (id) family = nla_get_u16(id);
  });
  if (!done && done.error().number != ENOENT) return std::unexpected(done.error());
  return family;
}

std::expected<std::uint64_t, NetlinkError> read_features(NetlinkSocket& socket,
                                                         std::uint16_t family,
                                                         std::uint32_t ifindex) {
  std::uint64_t features = 0;
  NetlinkMessage message(family, NLM_F_REQUEST | NLM_F_ACK);
  message.header(genlmsghdr{.cmd = kDevGet, .version = kNetdevVersion, .reserved = 0});
  message.put(kDevIfindex, ifindex);
  auto done = socket.execute(message, [&](const nlmsghdr* answer) {
    const nlattr* found =
        nlmsg_find_attr(const_cast<nlmsghdr*>(answer), GENL_HDRLEN, kDevXdpFeatures);
    if (found) features = nla_get_u64(const_cast<nlattr*>(found));
  });
  if (!done) return std::unexpected(done.error());
  return features;
}

}  // namespace

Result<XdpSupport> read_xdp_support(const Link& link) {
  bool is_known = std::ranges::find(kKnownDrivers, link.driver) != kKnownDrivers.end();
  if (link.kind != LinkKind::kOther || is_known) return XdpSupport{true, true};
  std::string doing = fmt::format("read the xdp features of device {:?}", link.name);
  auto socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return fail_netlink(socket.error(), doing);
  auto family = find_family(*socket);
  if (!family) return fail_netlink(family.error(), doing);
  if (!*family) return XdpSupport{};
  auto features = read_features(*socket, **family, link.ifindex);
  if (!features) return fail_netlink(features.error(), doing);
  return XdpSupport{.native = (*features & kXdpBasic) && (*features & kXdpRedirect),
                    .redirect_target = (*features & kXdpNdoXmit) != 0};
}

}  // namespace xvnet
