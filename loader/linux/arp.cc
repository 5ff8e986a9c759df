// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/arp.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "loader/base/host.h"
#include "loader/linux/device_name.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/link_query.h"

namespace xvnet {
namespace {

// RFC 826, for IPv4 on Ethernet.
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

// A request for the sender's own address: receivers that have an entry for it update the entry.
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

// RFC 5227, 2.1.1: the sender address is zero, so that receivers do not learn it from a probe.
ArpFrame make_probe(const Mac& mac, Ipv4 address) {
  ArpFrame frame = make_announcement(mac, address);
  frame.sender = 0;
  return frame;
}

// Returns the sender's MAC if the frame is an ARP frame from the address.
std::optional<Mac> sender_of(const ArpFrame& frame, ssize_t size, Ipv4 address) {
  if (size < static_cast<ssize_t>(sizeof frame) || frame.ethernet.h_proto != htons(ETH_P_ARP) ||
      frame.protocol != htons(ETH_P_IP) || frame.sender != htonl(address.number))
    return std::nullopt;
  Mac mac;
  std::ranges::copy(frame.sender_mac, mac.begin());
  return mac;
}

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// Returns the MAC of the first answer that arrives in time.
std::optional<Mac> await_answer(int socket, Ipv4 address, std::int64_t wait_ms) {
  const std::int64_t end = now_ms() + wait_ms;
  for (std::int64_t left = wait_ms; left > 0; left = end - now_ms()) {
    pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
    ArpFrame frame{};
    const ssize_t size = recv(socket, &frame, sizeof frame, MSG_DONTWAIT);
    if (const auto mac = sender_of(frame, size, address)) return mac;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<Mac>> send_arp_probe(std::uint32_t ifindex, Ipv4 address) {
  constexpr int kProbes = 2;
  constexpr std::int64_t kWaitMs = 250;
  const auto doing =
      fmt::format("probe for {} on device {}", format_ipv4(address), quoted_device(ifindex));
  XVNET_ASSIGN(report, query_link(ifindex));
  if (!report || !report->link.is_up || !report->link.has_carrier) return std::nullopt;
  FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ARP)));
  if (!socket.is_open()) return fail_errno(errno, doing);
  sockaddr_ll target{};
  target.sll_family = AF_PACKET;
  target.sll_protocol = htons(ETH_P_ARP);
  target.sll_ifindex = static_cast<int>(ifindex);
  const auto* where = reinterpret_cast<const sockaddr*>(&target);
  if (bind(socket.get(), where, sizeof target)) return fail_errno(errno, doing);
  const ArpFrame frame = make_probe(report->link.mac, address);
  for (int probe = 0; probe < kProbes; ++probe) {
    if (sendto(socket.get(), &frame, sizeof frame, 0, where, sizeof target) != sizeof frame)
      return fail_errno(errno, doing);
    if (const auto mac = await_answer(socket.get(), address, kWaitMs)) return mac;
  }
  return std::nullopt;
}

Result<void> send_arp_announcement(std::uint32_t ifindex, Ipv4 address) {
  const auto doing =
      fmt::format("announce {} on device {}", format_ipv4(address), quoted_device(ifindex));
  XVNET_ASSIGN(report, query_link(ifindex));
  if (!report) return fail(doing + ": the device does not exist");
  // Protocol 0: the socket receives nothing.
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
