// SPDX-License-Identifier: BSD-2-Clause
//
// Two emulated hosts on one cable, and two tenants with two ports on each host. The rig listens at
// every port, in both hosts' stacks and on the cable.
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
  std::string ip;   // in 10.1.0.0/24: all share a subnet, so only networks isolate
  std::string ip6;  // in 2001:db8:1::/64
};

// A port and the machine behind it.
struct Station {
  std::string port;  // "tap…": the test itself sends; "veth…": a container's stack
  int host;          // 0 or 1
  uint16_t vid;
  std::string mode;  // the requested mode
  std::string mac;
  Address address;  // of a container

  bool is_container() const { return port.starts_with("veth"); }
  std::string place() const;
};

// Names of places. A frame came out at "host0/tap0", "host1/host", …. Host 0 sent it at
// "wire/host0".
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
  // Puts a frame on the cable towards the host, as a third party.
  void send_to_uplink(int host, const Frame& frame) { wire_.send(host, frame); }
  // After this, seen() knows all frames that were sent before. It does not wait for a fixed time.
  // Every station sends a broadcast behind the frames under test, which must arrive on the other
  // host. That also makes every MAC known. If a broadcast does not arrive, this call and all later
  // ones fail.
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

  // Members are destroyed from last to first: the hosts before the wire.
  Wire wire_;
  std::array<EmulatedHost, 2> hosts_;
  Sightings seen_;
  std::string lost_;  // a station whose broadcast did not arrive
};

}  // namespace xvnet::test
