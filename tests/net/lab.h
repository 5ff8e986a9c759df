// SPDX-License-Identifier: BSD-2-Clause
//
// A host with virtual machines and wires, and an ear at each of them and in the host's stack.
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

// MACs of the virtual machines A, B … and of a machine on the wire.
inline const std::string kMacA = "02:00:00:00:0a:01";
inline const std::string kMacB = "02:00:00:00:0b:01";
inline const std::string kMacC = "02:00:00:00:0c:01";
inline const std::string kMacD = "02:00:00:00:0d:01";
inline const std::string kMacWire = "02:00:00:00:ee:01";
inline const std::string kMacNobody = "02:00:00:00:ff:01";

class Lab {
 public:
  explicit Lab(Ipv6 ipv6 = Ipv6::kQuiet);

  // A wire's end in the outside namespace, and the interface `dev` of the host at its other end,
  // up, not yet an uplink. Its place is "wire:DEV".
  PacketSocket& add_wire(const std::string& dev);
  // The same, and made an uplink.
  PacketSocket& add_uplink(const std::string& dev, const Words& args = {});
  // `attach NAME ARGS`, and the TAP opened as by a hypervisor. Its place is NAME.
  Tap& add_vm(const std::string& name, const Words& args, const TapOptions& options = {});
  // A TAP attached already (or to be attached): opened and listened to.
  Tap& open_vm(const std::string& name, const TapOptions& options = {});
  // A container's veth: `name` in the host, the other end "c-NAME" in the outside. Place: NAME.
  // `ifindex` of the former; 0: the next.
  PacketSocket& add_container(const std::string& name, const Words& args, int ifindex = 0);
  Tap& vm(const std::string& name) { return *taps_.at(name); }
  PacketSocket& container(const std::string& name) { return *sockets_.at(name); }
  // The host's stack as a place, "host". Only for frames that do not come in on a tagged uplink.
  void listen_to_host();
  // A bridge over `dev`, as a user of the host's own traffic that sees tags; its place is
  // "host:DEV".
  void bridge_over(const std::string& dev);

  // Where the frame came out; flushes first. More than one copy at a place is a failure.
  Places where(const Frame& frame);
  // The same, of what a flush has already brought.
  Places seen_at(const Frame& frame) const;
  // The one frame with that marker at that place; a SetupError unless it is exactly one.
  Received at(const std::string& place, const Frame& frame);

  const NetNs& ns() const { return host.ns(); }

 private:
  // Destroyed last to first: the ears before what they listen to, all before the namespaces.
  NetNs outside_;

 public:
  Host host;

 private:
  std::map<std::string, std::unique_ptr<Tap>> taps_;
  std::map<std::string, std::unique_ptr<PacketSocket>> sockets_;

 public:
  Everywhere ears;
};

// Tests that have to come out the same in both modes are run in each.
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
