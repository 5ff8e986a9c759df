// SPDX-License-Identifier: BSD-2-Clause
#include "cable.h"

#include <poll.h>

#include "cpu.h"

namespace xvnet::test {
namespace {

constexpr int kEndNoticedWithinMs = 100;

void carry(int from, int to, Bytes& frame) {
  for (ssize_t size = 0; (size = read(from, frame.data(), frame.size())) > 0;) {
    // A frame that cannot be sent is lost, as on a cable. Its sender notices.
    if (write(to, frame.data(), static_cast<std::size_t>(size)) < 0) continue;
  }
}

}  // namespace

Cable::Cable(const Tap& a, const Tap& b) : thread_([this, a = a.fd(), b = b.fd()] { run(a, b); }) {}

Cable::~Cable() {
  is_over_ = true;
  thread_.join();
}

void Cable::run(int a, int b) {
  stay_on_one_cpu();
  Bytes frame(kLargestFrame);
  pollfd ends[] = {{.fd = a, .events = POLLIN, .revents = 0},
                   {.fd = b, .events = POLLIN, .revents = 0}};
  while (!is_over_) {
    if (poll(ends, std::size(ends), kEndNoticedWithinMs) <= 0) continue;
    carry(a, b, frame);
    carry(b, a, frame);
  }
}

}  // namespace xvnet::test
