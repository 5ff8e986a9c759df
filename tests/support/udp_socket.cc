// SPDX-License-Identifier: BSD-2-Clause
#include "udp_socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

namespace xvnet::test {
namespace {

constexpr size_t kLargestDatagram = 65535;

sockaddr_in name_of(const std::string& ip, uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (inet_pton(AF_INET, ip.c_str(), &name.sin_addr) != 1) throw SetupError("no address: " + ip);
  return name;
}

}  // namespace

UdpSocket::UdpSocket(const NetNs& ns, const std::string& ip, uint16_t port)
    : fd_(ns.in([] { return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); })) {
  const sockaddr_in name = name_of(ip, port);
  if (!fd_ || bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
    throw_errno("opening a socket on \"" + ip + "\"");
}

void UdpSocket::send(const std::string& ip, uint16_t port, const std::string& text) const {
  const sockaddr_in name = name_of(ip, port);
  // The kernel reports a received ICMP error at the next call on the socket, so an error of
  // sendto() is ignored.
  const auto* to = reinterpret_cast<const sockaddr*>(&name);
  sendto(fd_.get(), text.data(), text.size(), 0, to, sizeof name);
}

std::optional<Datagram> UdpSocket::receive(int milliseconds) const {
  pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, milliseconds) != 1) return std::nullopt;
  std::string text(kLargestDatagram, 0);
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t length = recvfrom(fd_.get(), text.data(), text.size(), MSG_DONTWAIT,
                                  reinterpret_cast<sockaddr*>(&from), &size);
  if (length < 0) return std::nullopt;
  std::array<char, INET_ADDRSTRLEN> ip;
  inet_ntop(AF_INET, &from.sin_addr, ip.data(), ip.size());
  text.resize(static_cast<size_t>(length));
  return Datagram{ip.data(), ntohs(from.sin_port), std::move(text)};
}

}  // namespace xvnet::test
