// SPDX-License-Identifier: BSD-2-Clause
//
// A sender of numbered frames, as fast as they arrive, in a thread of its own.
// Bursts are short enough for every queue, and one follows the other only when it has arrived: so a
// frame that does not come was lost on the way, not for want of room.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "frame.h"

namespace xvnet::test {

class Stream {
 public:
  // A frame that is sent again and again, and where it comes out.
  struct Way {
    Frame frame;
    int to = -1;
  };
  // `from` is a TAP or a packet socket with a vnet header. All must outlive the stream, and nobody
  // else reads at the ends of its ways meanwhile.
  Stream(int from, const std::vector<Way>& ways);
  ~Stream() { stop(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void stop();
  std::uint64_t sent() const { return sent_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t doubled() const { return doubled_; }

 private:
  void run();
  void send_burst(const Bytes& frame);
  void receive_burst(int fd);
  void note(const Bytes& frame);

  int from_;
  std::vector<Way> ways_;
  std::uint64_t burst_ = 0;    // the number of its first frame
  std::uint64_t arrived_ = 0;  // bit by bit, those of the burst
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> doubled_ = 0;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace xvnet::test
