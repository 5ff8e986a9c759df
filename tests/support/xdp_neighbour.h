// SPDX-License-Identifier: BSD-2-Clause
//
// Somebody else's XDP program that shares a device by libxdp: it counts every frame it sees and
// lets it pass.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli.h"
#include "netns.h"

namespace xvnet::test {

// Why this kernel runs no XDP programs side by side, as `doctor` says it; empty where it does.
std::string why_no_shared_xdp(const Host& host);

class XdpNeighbour {
 public:
  // The programs of a device run in the order of their numbers; xvnet's has 50, libxdp's default.
  static constexpr unsigned kBeforeXvnet = 10;
  static constexpr unsigned kAfterXvnet = 90;

  XdpNeighbour(const NetNs& ns, const std::string& dev, unsigned order);
  ~XdpNeighbour();
  XdpNeighbour(const XdpNeighbour&) = delete;
  XdpNeighbour& operator=(const XdpNeighbour&) = delete;

  std::uint64_t frames() const;

 private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace xvnet::test
