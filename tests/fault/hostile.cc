// SPDX-License-Identifier: BSD-2-Clause
#include "hostile.h"

#include <linux/if_ether.h>

#include <algorithm>
#include <chrono>

namespace xvnet::test {
namespace {

// Listeners store frames until they are read, so the flood is limited. On an emulated machine with
// one CPU, it takes at most a quarter of the CPU.
constexpr auto kPause = std::chrono::microseconds(200);
constexpr int kIdleShare = 3;

const std::string kOwnMac = "02:00:00:00:66:66";

bool is_tag(std::uint16_t ethertype) {
  return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

}  // namespace

Hostile::Hostile(Tap& tap, const std::set<std::uint16_t>& own_vids, std::uint16_t other_vid,
                 const std::string& other_mac)
    : tap_(&tap), own_vids_(own_vids) {
  const std::uint16_t own_vid = *own_vids.begin();
  for (const std::string& to : {std::string(kBroadcast), other_mac}) {
    const Ends ends = Ends::between(kOwnMac, to);
    frames_.push_back(udp4(ends));
    frames_.push_back(arp_request(ends));
    for (const std::uint16_t vid : {other_vid, own_vid}) {
      frames_.push_back(udp4(ends).tagged(vid));
      frames_.push_back(udp4(ends).tagged({.vid = vid, .tpid = ETH_P_8021AD}));
      frames_.push_back(udp4(ends).tagged(own_vid).tagged(vid));
    }
  }
  thread_ = std::thread([this] { run(); });
}

Hostile::~Hostile() {
  is_over_ = true;
  thread_.join();
}

void Hostile::run() {
  using Clock = std::chrono::steady_clock;
  while (!is_over_) {
    const auto start = Clock::now();
    for (const Frame& frame : frames_) tap_->try_send(frame);
    std::this_thread::sleep_for(
        std::max<Clock::duration>(kPause, kIdleShare * (Clock::now() - start)));
  }
}

bool Hostile::is_own_on_wire(const Bytes& frame) const {
  constexpr std::size_t kOuter = std::size_t{2} * ETH_ALEN;
  constexpr std::size_t kInner = kOuter + 4;
  constexpr std::uint16_t kVidMask = 0xfff;
  return get_be16(frame, kOuter) == ETH_P_8021Q &&
         own_vids_.contains(get_be16(frame, kOuter + 2) & kVidMask) &&
         !is_tag(get_be16(frame, kInner));
}

std::string Hostile::leaks(Everywhere& ears, const std::vector<std::string>& forbidden,
                           const std::string& wire) const {
  std::string found;
  ears.flush();
  for (const Frame& frame : frames_) {
    for (const std::string& place : forbidden) {
      if (!ears.seen(place, frame.marker).empty()) found += "at " + place + "; ";
    }
    for (const Received& received : ears.seen(wire, frame.marker)) {
      if (!is_own_on_wire(received.bytes)) found += "on the wire, without its tag; ";
    }
  }
  ears.forget();
  return found;
}

}  // namespace xvnet::test
