// SPDX-License-Identifier: BSD-2-Clause
#include "channel.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <span>

namespace xvnet::test {

namespace {

using Length = uint32_t;

void write_all(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw_errno("writing to the channel");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void read_all(int fd, std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading from the channel");
    if (got == 0) throw SetupError("reading from the channel: the other side is gone");
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

}  // namespace

void Channel::send(const nlohmann::json& message) {
  const std::vector<uint8_t> body = nlohmann::json::to_cbor(message);
  const auto length =
      std::bit_cast<std::array<uint8_t, sizeof(Length)>>(static_cast<Length>(body.size()));
  write_all(fd_.get(), length);
  write_all(fd_.get(), body);
}

nlohmann::json Channel::receive() {
  std::array<uint8_t, sizeof(Length)> length{};
  read_all(fd_.get(), length);
  std::vector<uint8_t> body(std::bit_cast<Length>(length));
  read_all(fd_.get(), body);
  return nlohmann::json::from_cbor(body);
}

}  // namespace xvnet::test
