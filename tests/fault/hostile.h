// SPDX-License-Identifier: BSD-2-Clause
//
// A hostile tenant's VM. While commands run, its own thread keeps sending broadcasts, frames to
// other tenants' MACs, and every kind of tag.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "everywhere.h"
#include "tap.h"

namespace xvnet::test {

class Hostile {
 public:
  // Sends on `tap`, which may be in any of the VLANs `own_vids`. It attacks a machine with
  // `other_mac` in the VLAN `other_vid`. The TAP must outlive this object.
  Hostile(Tap& tap, const std::set<std::uint16_t>& own_vids, std::uint16_t other_vid,
          const std::string& other_mac);
  ~Hostile();
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;

  // Lists every hostile frame that came out at a `forbidden` place, or at `wire` without exactly
  // one tag of its own VLANs. Empty when there is none. Discards all frames that the listeners have
  // seen.
  std::string leaks(Everywhere& ears, const std::vector<std::string>& forbidden,
                    const std::string& wire) const;

 private:
  void run();
  bool is_own_on_wire(const Bytes& frame) const;

  Tap* tap_;
  std::set<std::uint16_t> own_vids_;
  std::vector<Frame> frames_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace xvnet::test
