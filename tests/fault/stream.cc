// SPDX-License-Identifier: BSD-2-Clause
#include "stream.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <cstring>

namespace xvnet::test {
namespace {

constexpr std::uint64_t kBurst = 64;
constexpr std::uint64_t kWhole = ~std::uint64_t{0};
constexpr std::uint32_t kMagic = 0x78766e74;  // "xvnt"
constexpr auto kLimit = std::chrono::seconds(10);
constexpr int kPollMs = 100;
constexpr std::size_t kRoom = 4096;

// The last bytes of a frame.
struct Trailer {
  std::uint32_t magic = kMagic;
  std::uint32_t pad = 0;
  std::uint64_t number = 0;
};

// The main thread is pinned to one CPU, and a new thread inherits that.
void use_every_cpu() {
  cpu_set_t cpus;
  std::memset(&cpus, 0xff, sizeof cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
}

}  // namespace

Stream::Stream(int from, const std::vector<Way>& ways) : from_(from), ways_(ways) {
  for (Way& way : ways_) {
    Bytes& bytes = way.frame.bytes;
    bytes.insert(bytes.begin(), sizeof(VnetHeader), 0);
  }
  thread_ = std::thread([this] { run(); });
}

void Stream::stop() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
}

void Stream::run() {
  use_every_cpu();
  while (!is_over_) {
    for (const Way& way : ways_) {
      send_burst(way.frame.bytes);
      receive_burst(way.to);
      burst_ += kBurst;
    }
  }
}

void Stream::send_burst(const Bytes& frame) {
  Bytes numbered = frame;
  arrived_ = 0;
  for (std::uint64_t at = 0; at < kBurst; at++) {
    const Trailer trailer{.number = burst_ + at};
    std::memcpy(numbered.data() + numbered.size() - sizeof trailer, &trailer, sizeof trailer);
    // A frame that cannot be sent is counted as lost by the receiving side.
    if (write(from_, numbered.data(), numbered.size()) < 0) continue;
  }
  sent_ += kBurst;
}

void Stream::receive_burst(int fd) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  Bytes frame(kRoom);
  while (arrived_ != kWhole && std::chrono::steady_clock::now() < end) {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kPollMs) <= 0) continue;
    for (ssize_t size = 0; (size = read(fd, frame.data(), frame.size())) > 0;)
      note(Bytes(frame.begin(), frame.begin() + size));
  }
  lost_ += kBurst - static_cast<std::uint64_t>(std::popcount(arrived_));
}

void Stream::note(const Bytes& frame) {
  Trailer trailer;
  if (frame.size() < sizeof trailer) return;
  std::memcpy(&trailer, frame.data() + frame.size() - sizeof trailer, sizeof trailer);
  if (trailer.magic != kMagic) return;
  const std::uint64_t at = trailer.number - burst_;
  const std::uint64_t bit = at < kBurst ? std::uint64_t{1} << at : 0;
  // The frame is a duplicate, or it arrived after it was counted as lost.
  if (!bit || arrived_ & bit) doubled_++;
  arrived_ |= bit;
}

}  // namespace xvnet::test
