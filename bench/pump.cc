// SPDX-License-Identifier: BSD-2-Clause
#include "pump.h"

#include <poll.h>

#include <cerrno>

namespace xvnet::bench {

namespace {

constexpr test::TapOptions kGuestsTap = {
    .vnet_header = 10, .offloads = test::kGuestOffloads, .create_missing = true};
constexpr size_t kBatch = 64;  // frames in one direction before the other direction
constexpr int kPollMs = 50;
constexpr ssize_t kLargestOfWire = 2000;

}  // namespace

Pump::Pump(const test::NetNs& host, const std::string& port, const test::NetNs& guest,
           const std::string& dev)
    : port_(host, port, kGuestsTap),
      guest_(guest, dev, kGuestsTap),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Pump::run(const std::stop_token& stop) {
  pollfd ready[] = {{port_.fd(), POLLIN, 0}, {guest_.fd(), POLLIN, 0}};
  while (!stop.stop_requested()) {
    if (carry(guest_, port_) + carry(port_, guest_) == 0) poll(ready, 2, kPollMs);
  }
}

// A frame that the other side does not accept is lost, as at any full queue. TCP retransmits it.
size_t Pump::carry(const test::Tap& from, const test::Tap& to) {
  static thread_local char buffer[test::kLargestFrame];
  for (size_t frames = 0; frames < kBatch; frames++) {
    const ssize_t size = read(from.fd(), buffer, sizeof(buffer));
    if (size <= 0) return frames;
    if (size > kLargestOfWire) big_frames_++;
    while (write(to.fd(), buffer, static_cast<size_t>(size)) < 0 && errno == EINTR) {
    }
  }
  return kBatch;
}

}  // namespace xvnet::bench
