// SPDX-License-Identifier: BSD-2-Clause
//
// An XDP program of another owner that shares a device through libxdp. It counts every frame and
// passes it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli.h"
#include "netns.h"

namespace xvnet::test {

// The reason why this kernel cannot run XDP programs side by side, in the words of `doctor`. Empty
// if it can.
std::string why_no_shared_xdp(const Host& host);

class XdpNeighbour {
 public:
  // Programs on a device run in the order of their priority. xvnet has libxdp's default, 50.
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
