// SPDX-License-Identifier: BSD-2-Clause
//
// The hosts and guests that all guest tests share, because booting takes seconds: two hosts joined
// by one cable, and four guests in one IP subnet. A test defines how the ports are attached, and
// the guests keep running.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli.h"
#include "guest.h"

namespace xvnet::test {

// A port and the arguments that follow `xvnet attach DEV`.
struct Port {
  int host;  // 0 or 1
  std::string dev;
  Words args;
};

// The xvnet configuration of both hosts.
struct Wiring {
  // The arguments that follow `xvnet uplink add trunk0`. An empty value means that the host has no
  // uplink.
  std::array<std::optional<Words>, 2> uplinks;
  // Networks to add first on host 0: the arguments that follow `xvnet network add`.
  std::vector<Words> networks;
  std::vector<Port> ports;

  std::string describe() const;
};

inline constexpr const char* kTrunk = "trunk0";
inline constexpr auto kTransferLimit = std::chrono::seconds(120);  // 50 MB between emulated guests

// A guest of the world, with what a test needs to communicate with it.
struct Peer {
  int host;
  std::string tap;
  std::string ip;   // in 10.0.0.0/24
  std::string ip6;  // in 2001:db8::/64
  Guest guest;
  ServedFile file;

  Peer(const NetNs& ns, int host_index, const std::string& name, int number);
  // A guest with more NICs or other options. If `nics` have no addresses, the first NIC gets this
  // peer's.
  Peer(const NetNs& ns, int host_index, const std::string& name, int number, std::vector<Nic> nics);
  Port port(const Words& args) const { return {host, tap, args}; }
};

class World {
 public:
  // Makes the world at the first call. It is destroyed after the last test. If making it fails,
  // this throws, and later calls do not try again.
  static World& get();

  // Configures the hosts. If the same wiring is already applied, nothing changes.
  void apply(const Wiring& wiring);
  // The state of the hosts, for a failure message.
  std::string describe() const;

  std::array<Host, 2> hosts;
  std::optional<Peer> a1, b1;  // on host 0
  std::optional<Peer> a2, b2;  // on host 1

 private:
  friend class WorldKeeper;
  World();

  void clear();

  std::string applied_;
  Wiring current_;
};

// A1 and A2 are in VLAN 10, B1 and B2 in VLAN 20. Every port and uplink is in `mode`.
Wiring two_tenants(const World& world, const std::string& mode);

// Prints the hosts' state when a test has failed.
class GuestTest : public ::testing::Test {
 protected:
  void SetUp() override { World::get(); }
  void TearDown() override;
};

// --- Checks that run inside a guest. `address` belongs to the other guest or host. ---

::testing::AssertionResult pings(const Guest& from, const std::string& address,
                                 const std::string& options = "");
// No address answers any of several pings. The caller must show that the same ping works where it
// is allowed.
::testing::AssertionResult cannot_ping(const Guest& from, const std::vector<std::string>& addresses,
                                       const std::string& options = "");
// `to` fetches the file of `from` and gets it unmodified.
::testing::AssertionResult fetches_intact(const Guest& to, const ServedFile& file,
                                          const std::string& address);
// UDP datagrams of several sizes, some larger than the MTU, are echoed unmodified.
::testing::AssertionResult exchanges_udp(const Guest& from, const std::string& address);

// Names a test after its mode.
inline std::string mode_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

}  // namespace xvnet::test
