// SPDX-License-Identifier: BSD-2-Clause
#include "wire.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "channel.h"
#include "received.h"

namespace xvnet::test {

Wire::Wire() {
  for (int host = 0; host < 2; ++host) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) != 0) throw_errno("making a wire");
    ends_.at(host) = UniqueFd(fds[0]);
    host_ends_.at(host) = UniqueFd(fds[1]);
  }
  for (int host = 0; host < 2; ++host) carriers_.at(host) = std::thread([=, this] { carry(host); });
}

Wire::~Wire() {
  for (const UniqueFd& end : ends_) shutdown(end.get(), SHUT_RDWR);
  for (std::thread& carrier : carriers_) carrier.join();
}

void Wire::send(int host, const Frame& frame) {
  const ssize_t sent =
      ::send(ends_.at(host).get(), frame.bytes.data(), frame.bytes.size(), MSG_NOSIGNAL);
  if (sent < 0) throw_errno("putting a frame on the wire");
}

std::vector<Bytes> Wire::take(int host) {
  const std::lock_guard lock(mutex_);
  return std::exchange(sent_by_.at(host), {});
}

void Wire::carry(int from) {
  Bytes buffer(kLargestFrame);
  for (;;) {
    const ssize_t got = recv(ends_.at(from).get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;  // shut down
    const auto size = static_cast<size_t>(got);
    {
      const std::lock_guard lock(mutex_);
      sent_by_.at(from).emplace_back(
          buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(std::min(size, kKeptBytes)));
    }
    // A host that has ended receives no frames. They are lost, as on a cable.
    (void)::send(ends_.at(1 - from).get(), buffer.data(), size, MSG_NOSIGNAL);
  }
}

}  // namespace xvnet::test
