// SPDX-License-Identifier: BSD-2-Clause
//
// Two emulated hosts at one cable, two tenants with two ports on each, and an ear at every port, in
// both hosts' stacks and on the cable.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "emulated_host.h"
#include "wire.h"

namespace xvnet::test {

constexpr const char* kUplink = "eth0";
constexpr const char* kHost = "host";  // the host itself, as a place and as a namespace

struct Address {
  std::string ip;   // in 10.1.0.0/24: all in one subnet, so that the network alone keeps them apart
  std::string ip6;  // in 2001:db8:1::/64
};

// A port, and who is behind it.
struct Station {
  std::string port;  // "tap…": frame by frame the test itself; "veth…": a container's stack
  int host;          // 0 or 1
  uint16_t vid;
  std::string mode;  // as asked of `attach`
  std::string mac;
  Address address;  // a container's

  bool is_container() const { return port.starts_with("veth"); }
  std::string place() const;
};

// Places: "host0/tap0", "host1/host" … where a frame came out; "wire/host0": what host 0 sent.
std::string place_of(int host, const std::string& place);
std::string wire_of(int host);

// The frames that came out at each place, in order.
using Sightings = std::map<std::string, std::vector<Bytes>>;

const std::vector<Station>& stations();
const std::string& host_mac(int host);
const Address& host_address(int host);

class Rig {
 public:
  Rig();

  EmulatedHost& host(int index) { return hosts_.at(index); }
  void send(const Station& from, const std::vector<Frame>& frames);
  // On the wire towards the host, as a third party at it.
  void send_to_uplink(int host, const Frame& frame) { wire_.send(host, frame); }
  // After this, seen() knows of all frames sent before. No waiting for time to pass: a frame that
  // every station sends behind them has to arrive at the other host; so each MAC is known where it
  // is, too. Where one does not arrive, this is a failure at once from then on.
  ::testing::AssertionResult settle();
  Sightings seen(const Marker& marker) const;
  const Sightings& all() const { return seen_; }
  void forget() { seen_.clear(); }

 private:
  void set_up_host(int host);
  void set_up_container(const Station& station);
  void collect();
  bool has_arrived(const Station& from, const Frame& frame) const;
  void cross();

  // Destroyed last to first: the hosts before the wire.
  Wire wire_;
  std::array<EmulatedHost, 2> hosts_;
  Sightings seen_;
  std::string lost_;  // a station whose broadcast did not arrive
};

}  // namespace xvnet::test
