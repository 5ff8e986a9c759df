// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "loader/linux/netlink_socket.h"

namespace xvnet {
namespace {

using Attributes = std::array<nlattr*, 16>;

Attributes parse(nlattr* nest) {
  Attributes attributes{};
  if (nest) nla_parse_nested(attributes.data(), attributes.size() - 1, nest, nullptr);
  return attributes;
}

std::uint8_t protocol_of(Transport transport) {
  switch (transport) {
    case Transport::kTcp:
      return IPPROTO_TCP;
    case Transport::kUdp:
      return IPPROTO_UDP;
    case Transport::kIcmp:
      return IPPROTO_ICMP;
  }
  return 0;
}

// Returns the destination port of one direction of a connection, if its destination is the address.
// The first packets of a connection count only if DNAT leads them elsewhere.
std::optional<std::uint16_t> port_at(const nlmsghdr* message, int direction, Transport transport,
                                     Ipv4 address) {
  std::array<nlattr*, CTA_MAX + 1> entry{};
  if (nlmsg_parse(const_cast<nlmsghdr*>(message), sizeof(nfgenmsg), entry.data(), CTA_MAX, nullptr))
    return std::nullopt;
  const std::uint32_t status = entry[CTA_STATUS] ? ntohl(nla_get_u32(entry[CTA_STATUS])) : 0;
  if (direction == CTA_TUPLE_ORIG && !(status & IPS_DST_NAT)) return std::nullopt;
  const auto tuple = parse(entry[static_cast<std::size_t>(direction)]);
  const auto ip = parse(tuple[CTA_TUPLE_IP]);
  const auto transported = parse(tuple[CTA_TUPLE_PROTO]);
  nlattr* to = ip[CTA_IP_V4_DST];
  nlattr* protocol = transported[CTA_PROTO_NUM];
  nlattr* port =
      transported[transport == Transport::kIcmp ? CTA_PROTO_ICMP_ID : CTA_PROTO_DST_PORT];
  if (!to || !protocol || !port || ntohl(nla_get_u32(to)) != address.number ||
      nla_get_u8(protocol) != protocol_of(transport))
    return std::nullopt;
  return ntohs(nla_get_u16(port));
}

}  // namespace

Result<PortSet> tracked_ports(Transport transport, Ipv4 address) {
  PortSet ports;
  // A request would load the module on a host that tracks nothing.
  if (access("/proc/sys/net/netfilter/nf_conntrack_count", F_OK)) return ports;
  auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket) return fail_netlink(socket.error(), "list tracked connections");
  NetlinkMessage request((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET, NLM_F_DUMP);
  request.header(nfgenmsg{.nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = 0});
  auto done = socket->execute(request, [&](const nlmsghdr* message) {
    for (const int direction : {CTA_TUPLE_ORIG, CTA_TUPLE_REPLY})
      if (const auto port = port_at(message, direction, transport, address)) ports.set(*port);
  });
  // A kernel without nf_conntrack_netlink cannot answer. The programs detect such connections when
  // the host sends (bpf/nat/claim.h).
  if (!done && done.error().number != EINVAL)
    return fail_netlink(done.error(), "list tracked connections");
  return ports;
}

}  // namespace xvnet
