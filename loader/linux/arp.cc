// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/arp.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "loader/kernel.h"
#include "loader/linux/device_name.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/link_query.h"

namespace xvnet {
namespace {

// RFC 826, of IPv4 on Ethernet.
constexpr std::uint16_t kEthernetHardware = 1;
constexpr std::uint16_t kRequest = 1;

struct ArpFrame {
  ethhdr ethernet;
  std::uint16_t hardware;
  std::uint16_t protocol;
  std::uint8_t hardware_size;
  std::uint8_t protocol_size;
  std::uint16_t operation;
  std::uint8_t sender_mac[ETH_ALEN];
  std::uint32_t sender;
  std::uint8_t target_mac[ETH_ALEN];
  std::uint32_t target;
} __attribute__((packed));

// The request for an address by its owner: whoever has an entry for it corrects that.
ArpFrame make_announcement(const Mac& mac, Ipv4 address) {
  ArpFrame frame{};
  std::ranges::fill(frame.ethernet.h_dest, 0xff);
  std::ranges::copy(mac, frame.ethernet.h_source);
  frame.ethernet.h_proto = htons(ETH_P_ARP);
  frame.hardware = htons(kEthernetHardware);
  frame.protocol = htons(ETH_P_IP);
  frame.hardware_size = sizeof frame.sender_mac;
  frame.protocol_size = sizeof frame.sender;
  frame.operation = htons(kRequest);
  std::ranges::copy(mac, frame.sender_mac);
  frame.sender = frame.target = htonl(address.number);
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
