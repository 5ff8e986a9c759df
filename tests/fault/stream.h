// SPDX-License-Identifier: BSD-2-Clause
//
// Sends numbered frames in its own thread, as fast as they arrive. A burst fits into every queue,
// and the next burst starts only when the previous one has arrived. So a missing frame was lost on
// the path, and not because a queue was full.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "frame.h"

namespace xvnet::test {

class Stream {
 public:
  // A frame that is sent repeatedly, and the descriptor at which it must come out.
  struct Way {
    Frame frame;
    int to = -1;
  };
  // `from` is a TAP or a packet socket with a vnet header. All descriptors must outlive the stream.
  // No other code may read from the receiving descriptors meanwhile.
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
  std::uint64_t burst_ = 0;    // the number of the burst's first frame
  std::uint64_t arrived_ = 0;  // a bit for each frame of the burst
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> doubled_ = 0;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace xvnet::test
