// SPDX-License-Identifier: BSD-2-Clause
//
// A TCP connection that carries random bytes for as long as one likes, a thread at each end. Its
// window is small enough for every queue on the way, so a segment that is sent again was lost, not
// for want of room.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "netns.h"

namespace xvnet::test {

class Transfer {
 public:
  // From a namespace to `address`, which is one of `to`; or to one that leads to it.
  Transfer(const NetNs& from, const NetNs& to, const std::string& address)
      : Transfer(from, to, address, address) {}
  Transfer(const NetNs& from, const NetNs& to, const std::string& address,
           const std::string& own_address);
  ~Transfer() { finish(); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sends no more and waits until all has arrived.
  void finish();

  // What went through an end so far: how many bytes, and a sum that tells of each and its place.
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
