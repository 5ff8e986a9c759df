// SPDX-License-Identifier: BSD-2-Clause
//
// What all guest tests share, because booting takes seconds: two hosts joined by one cable and four
// guests in one IP subnet. A test says how the ports are attached; the guests go on running.
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

// One port and the words that follow `xvnet attach DEV`.
struct Port {
  int host;  // 0 or 1
  std::string dev;
  Words args;
};

// How xvnet is configured on both hosts.
struct Wiring {
  // The words that follow `xvnet uplink add trunk0`; no value: the host has no uplink.
  std::array<std::optional<Words>, 2> uplinks;
  // Networks to add first, on host 0: the words that follow `xvnet network add`.
  std::vector<Words> networks;
  std::vector<Port> ports;

  std::string describe() const;
};

inline constexpr const char* kTrunk = "trunk0";
inline constexpr auto kTransferLimit = std::chrono::seconds(120);  // 50 MB between emulated guests

// A guest of the world with what a test needs to talk to it.
struct Peer {
  int host;
  std::string tap;
  std::string ip;   // in 10.0.0.0/24
  std::string ip6;  // in 2001:db8::/64
  Guest guest;
  ServedFile file;

  Peer(const NetNs& ns, int host_index, const std::string& name, int number);
  // With further NICs, or other than default ones. `nics` without addresses: the first gets these.
  Peer(const NetNs& ns, int host_index, const std::string& name, int number, std::vector<Nic> nics);
  Port port(const Words& args) const { return {host, tap, args}; }
};

class World {
 public:
  // Made when first asked for, gone after the last test. Throws when it cannot be made; it is not
  // tried twice.
  static World& get();

  // Leaves as it is what is so already.
  void apply(const Wiring& wiring);
  // Everything that shows what the hosts think, for a failure's message.
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

// A1, A2 in VLAN 10; B1, B2 in VLAN 20; every port and uplink in `mode`.
Wiring two_tenants(const World& world, const std::string& mode);

// Shows the hosts' state when a test has failed.
class GuestTest : public ::testing::Test {
 protected:
  void SetUp() override { World::get(); }
  void TearDown() override;
};

// --- checks, each from inside the guests; `address` is one of the other guest or host ---

::testing::AssertionResult pings(const Guest& from, const std::string& address,
                                 const std::string& options = "");
// No answer to several pings of each. The caller shows that the same ping succeeds where it may.
::testing::AssertionResult cannot_ping(const Guest& from, const std::vector<std::string>& addresses,
                                       const std::string& options = "");
// `to` fetches the file of `from`: what arrives is what was sent.
::testing::AssertionResult fetches_intact(const Guest& to, const ServedFile& file,
                                          const std::string& address);
// UDP datagrams of several sizes, one larger than the MTU, come back as they were.
::testing::AssertionResult exchanges_udp(const Guest& from, const std::string& address);

// Names a test after its mode.
inline std::string mode_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

}  // namespace xvnet::test
