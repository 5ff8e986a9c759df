// SPDX-License-Identifier: BSD-2-Clause
//
// A host with virtual machines and wires. The lab listens at each of them and in the host's stack.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "cli.h"
#include "everywhere.h"
#include "link.h"
#include "packet_socket.h"
#include "tap.h"

namespace xvnet::test {

using Places = std::set<std::string>;

// MACs of the virtual machines A, B, … and of a machine on the wire.
inline const std::string kMacA = "02:00:00:00:0a:01";
inline const std::string kMacB = "02:00:00:00:0b:01";
inline const std::string kMacC = "02:00:00:00:0c:01";
inline const std::string kMacD = "02:00:00:00:0d:01";
inline const std::string kMacWire = "02:00:00:00:ee:01";
inline const std::string kMacUnknown = "02:00:00:00:ff:01";

class Lab {
 public:
  explicit Lab(Ipv6 ipv6 = Ipv6::kQuiet);

  // Adds a wire: a veth pair whose far end is in the outside namespace. The near end `dev` is up in
  // the host and not yet an uplink. The place of the far end is "wire:DEV".
  PacketSocket& add_wire(const std::string& dev);
  // Adds a wire and makes its near end an uplink.
  PacketSocket& add_uplink(const std::string& dev, const Words& args = {});
  // Attaches the TAP and opens it as a hypervisor does. Its place is NAME.
  Tap& add_vm(const std::string& name, const Words& args, const TapOptions& options = {});
  // Opens a TAP and listens to it, whether it is attached already or later.
  Tap& open_vm(const std::string& name, const TapOptions& options = {});
  // Adds a veth pair for a container: `name` in the host, and "c-NAME" in the outside namespace.
  // Its place is NAME. `ifindex` is that of the end in the host. 0 means the next free one.
  PacketSocket& add_container(const std::string& name, const Words& args, int ifindex = 0);
  Tap& vm(const std::string& name) { return *taps_.at(name); }
  PacketSocket& container(const std::string& name) { return *sockets_.at(name); }
  // Adds the host's stack as the place "host". It cannot see frames that come in on a tagged
  // uplink.
  void listen_to_host();
  // Adds a bridge over `dev`, which receives the host's own traffic with its tags. Its place is
  // "host:DEV".
  void bridge_over(const std::string& dev);

  // The places where the frame came out. Flushes first. More than one copy at a place fails the
  // test.
  Places where(const Frame& frame);
  // Like where(), without a flush.
  Places seen_at(const Frame& frame) const;
  // The only frame with that marker at that place. Throws a SetupError unless there is exactly one.
  Received at(const std::string& place, const Frame& frame);

  const NetNs& ns() const { return host.ns(); }

 private:
  // Members are destroyed from last to first: listeners before the devices that they listen to, and
  // the namespaces last.
  NetNs outside_;

 public:
  Host host;

 private:
  std::map<std::string, std::unique_ptr<Tap>> taps_;
  std::map<std::string, std::unique_ptr<PacketSocket>> sockets_;

 public:
  Everywhere ears;
};

// Runs each test in both modes, with the same expected result.
class InMode : public ::testing::TestWithParam<std::string> {
 protected:
  std::string mode() const { return GetParam(); }
  Words with_mode(Words words) const {
    words.insert(words.end(), {"--mode", mode()});
    return words;
  }
  PacketSocket& uplink(const std::string& dev, const Words& args = {}) {
    return lab.add_uplink(dev, with_mode(args));
  }
  Tap& vm(const std::string& name, const Words& args, const TapOptions& options = {}) {
    return lab.add_vm(name, with_mode(args), options);
  }
  Tap& vm_in_vlan(const std::string& name, int vid) {
    return vm(name, {"--vlan", std::to_string(vid)});
  }

  Lab lab;
};

inline std::string mode_name(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

#define XVNET_IN_BOTH_MODES(suite) \
  INSTANTIATE_TEST_SUITE_P(Mode, suite, ::testing::Values("tc", "xdp"), mode_name)

}  // namespace xvnet::test
