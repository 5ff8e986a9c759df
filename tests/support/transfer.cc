// SPDX-License-Identifier: BSD-2-Clause
#include "transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <random>
#include <span>

#include "cpu.h"

namespace xvnet::test {
namespace {

constexpr std::uint16_t kPort = 5001;
constexpr int kWindow = 256 * 1024;  // bytes
constexpr timeval kLimit = {.tv_sec = 60, .tv_usec = 0};
constexpr std::size_t kBlock = 64 * 1024;

// Every call on the socket has a time limit, so a stalled connection fails the test.
UniqueFd open_socket() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno("opening a socket");
  for (const int option : {SO_SNDBUF, SO_RCVBUF})
    setsockopt(fd.get(), SOL_SOCKET, option, &kWindow, sizeof kWindow);
  for (const int option : {SO_SNDTIMEO, SO_RCVTIMEO})
    setsockopt(fd.get(), SOL_SOCKET, option, &kLimit, sizeof kLimit);
  return fd;
}

sockaddr_in at_port(const std::string& address) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(kPort);
  inet_pton(AF_INET, address.c_str(), &name.sin_addr);
  return name;
}

const sockaddr* generic(const sockaddr_in& name) {
  return reinterpret_cast<const sockaddr*>(&name);
}

// FNV-1a depends on each byte and on its position.
void note(Transfer::End& end, std::span<const std::uint8_t> bytes) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t checksum = end.checksum;
  for (const std::uint8_t byte : bytes) checksum = (checksum ^ byte) * kPrime;
  end.checksum = checksum;
  end.bytes += bytes.size();
}

}  // namespace

Transfer::Transfer(const NetNs& from, const NetNs& to, const std::string& address,
                   const std::string& own_address) {
  const sockaddr_in own = at_port(own_address);
  const sockaddr_in there = at_port(address);
  const UniqueFd listener = to.in(open_socket);
  if (bind(listener.get(), generic(own), sizeof own) || listen(listener.get(), 1))
    throw_errno("listening on \"" + own_address + "\"");
  from_ = from.in(open_socket);
  if (connect(from_.get(), generic(there), sizeof there))
    throw_errno("connecting to \"" + address + "\"");
  to_ = UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!to_) throw_errno("accepting a connection");
  sender_ = std::thread([this] { send(); });
  receiver_ = std::thread([this] { receive(); });
}

void Transfer::finish() {
  is_over_ = true;
  if (sender_.joinable()) sender_.join();
  if (receiver_.joinable()) receiver_.join();
}

void Transfer::send() {
  stay_on_one_cpu();
  std::mt19937_64 random(1);
  std::array<std::uint64_t, kBlock / sizeof(std::uint64_t)> block;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(block.data());
  for (ssize_t size = 1; !is_over_ && size > 0;) {
    for (std::uint64_t& word : block) word = random();
    size = ::send(from_.get(), bytes, sizeof block, MSG_NOSIGNAL);
    if (size > 0) note(sent_, {bytes, static_cast<std::size_t>(size)});
  }
  shutdown(from_.get(), SHUT_WR);
}

void Transfer::receive() {
  stay_on_one_cpu();
  std::array<std::uint8_t, kBlock> block;
  for (ssize_t size = 0; (size = recv(to_.get(), block.data(), block.size(), 0)) > 0;)
    note(received_, {block.data(), static_cast<std::size_t>(size)});
}

}  // namespace xvnet::test
