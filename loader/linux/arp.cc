// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/arp.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/if_ether.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "loader/kernel.h"
#include "loader/linux/device_name.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/link_query.h"

namespace xvnet {
namespace {

struct ArpFrame {
  ether_header ethernet;
  ether_arp arp;
} __attribute__((packed));

// The request for an address by its owner: whoever has an entry for it corrects that.
ArpFrame make_announcement(const Mac& mac, Ipv4 address) {
  ArpFrame frame{};
  std::ranges::fill(frame.ethernet.ether_dhost, 0xff);
  std::ranges::copy(mac, frame.ethernet.ether_shost);
  frame.ethernet.ether_type = htons(ETHERTYPE_ARP);
  frame.arp.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
  frame.arp.ea_hdr.ar_pro = htons(ETHERTYPE_IP);
  frame.arp.ea_hdr.ar_hln = ETH_ALEN;
  frame.arp.ea_hdr.ar_pln = sizeof(in_addr);
  frame.arp.ea_hdr.ar_op = htons(ARPOP_REQUEST);
  std::ranges::copy(mac, frame.arp.arp_sha);
  const std::uint32_t number = htonl(address.number);
  std::memcpy(frame.arp.arp_spa, &number, sizeof number);
  std::memcpy(frame.arp.arp_tpa, &number, sizeof number);
  return frame;
}

}  // namespace

Result<void> send_arp_announcement(std::uint32_t ifindex, Ipv4 address) {
  const auto doing =
      fmt::format("announce {} on device {}", format_ipv4(address), quoted_device(ifindex));
  XVNET_ASSIGN(report, query_link(ifindex));
  if (!report) return fail(doing + ": there is no such device");
  // Protocol 0: it receives nothing.
  FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return fail_errno(errno, doing);
  const ArpFrame frame = make_announcement(report->link.mac, address);
  sockaddr_ll target{};
  target.sll_family = AF_PACKET;
  target.sll_ifindex = static_cast<int>(ifindex);
  if (sendto(socket.get(), &frame, sizeof frame, 0, reinterpret_cast<const sockaddr*>(&target),
             sizeof target) != sizeof frame)
    return fail_errno(errno, doing);
  return {};
}

}  // namespace xvnet
