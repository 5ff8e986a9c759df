// SPDX-License-Identifier: BSD-2-Clause
//
// The virtual machine of a tenant that tries everything all the time: broadcasts, other tenants'
// MACs, every kind of tag. In a thread of its own, while commands are at work.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "everywhere.h"
#include "tap.h"

namespace xvnet::test {

class Hostile {
 public:
  // On `tap`, which may be in any of the VLANs `own_vids`, against a tenant in `other_vid` with a
  // machine of that MAC. The TAP outlives this.
  Hostile(Tap& tap, const std::set<std::uint16_t>& own_vids, std::uint16_t other_vid,
          const std::string& other_mac);
  ~Hostile();
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;

  // Tells of every frame of it that came out at `forbidden`, or at `wire` with other tags than one
  // of its own VLANs alone; empty when there is none. Forgets what the ears have heard.
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
