// SPDX-License-Identifier: BSD-2-Clause
//
// A TCP connection that carries random bytes until finish(). Each end has its own thread. The
// window is smaller than every queue on the path. So a retransmitted segment was lost on the path,
// and not because a queue was full.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "netns.h"

namespace xvnet::test {

class Transfer {
 public:
  // Connects from one namespace to `address`, which must lead to the namespace `to`.
  Transfer(const NetNs& from, const NetNs& to, const std::string& address)
      : Transfer(from, to, address, address) {}
  Transfer(const NetNs& from, const NetNs& to, const std::string& address,
           const std::string& own_address);
  ~Transfer() { finish(); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Stops sending and waits until all bytes have arrived.
  void finish();

  // The number of bytes that went through an end, and a checksum of their values and positions.
  struct End {
    std::atomic<std::uint64_t> bytes = 0;
    std::atomic<std::uint64_t> checksum = 0;
  };
  const End& sent() const { return sent_; }
  const End& received() const { return received_; }

 private:
  void send();
  void receive();

  UniqueFd from_;
  UniqueFd to_;
  End sent_;
  End received_;
  std::atomic<bool> is_over_ = false;
  std::thread sender_;
  std::thread receiver_;
};

}  // namespace xvnet::test
