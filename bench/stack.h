// SPDX-License-Identifier: BSD-2-Clause
//
// A way to connect VMs to each other and to the outside: xvnet, or an alternative. Each stack is
// built in its own namespaces, which the destructor removes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attachment.h"
#include "cli.h"
#include "netns.h"
#include "place.h"

namespace xvnet::bench {

// The addresses, the same in every stack.
constexpr uint16_t kVid = 10;
constexpr const char* kGatewayIp = "10.0.0.1";
constexpr const char* kGatewayMac = "02:78:76:6e:65:74";
constexpr const char* kHostIp = "198.51.100.1";
constexpr const char* kRouterIp = "198.51.100.254";  // at the far end of the wire
constexpr const char* kRouterMac = "02:00:00:00:ee:fe";
constexpr const char* kUplinkMac = "02:00:00:00:ee:01";
constexpr const char* kPoolIp = "203.0.113.5";
constexpr const char* kRemoteIp = "192.0.2.1";  // beyond the router
constexpr const char* kRemotes = "192.0.2.0/24";
std::string vm_mac(size_t vm);
std::string vm_ip(size_t vm);

// The kind of uplink. A TAP costs the least of all devices that carry XDP frames and sk_buffs, so
// it shows the cost of the stack best. A veth adds the work of a second network stack at its far
// end.
enum class Wire { kNone, kTap, kVeth };

enum class Outside { kNone, kNat };

struct Layout {
  size_t vms = 2;
  Wire wire = Wire::kNone;
  Outside outside = Outside::kNone;
  test::TapOptions tap{.vnet_header = 0};
};

// The kernel was built without something that the stack needs.
struct Unsupported : test::SetupError {
  using SetupError::SetupError;
};

class Stack {
 public:
  virtual ~Stack() = default;
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  // Checks a connection that both sides have used. Throws a SetupError if this stack has a fast
  // path and does not use it for the connection.
  virtual void expect_short_way() const {}

  Place& vm(size_t number) { return *vms_.at(number); }
  size_t vms() const { return vms_.size(); }
  Place& wire() { return *wire_; }
  const test::Host& host() const { return host_; }
  const test::NetNs& ns() const { return host_.ns(); }

 protected:
  Stack() = default;

  static std::string tap_name(size_t vm) { return "tap" + std::to_string(vm); }
  // Opens the TAP as a hypervisor does, and creates it if it is missing.
  void open_vm(size_t vm, const test::TapOptions& options);
  // Creates the interface "wire0", up, and its far end.
  void add_wire(Wire kind);
  // Adds the host's route to the outside.
  void route_to_router() const;

 private:
  // Destroyed last to first: the places before the namespaces.
  test::NetNs far_;
  test::Host host_;
  std::vector<std::unique_ptr<Place>> vms_;
  std::unique_ptr<Place> wire_;
};

inline constexpr const char* kWireName = "wire0";

// --- xvnet ---

struct XvnetOptions {
  std::string mode = "tc";     // of ports and uplink
  bool guest_offloads = true;  // false: the guest sends no offloads, so XDP can carry every frame
  test::Words snat = {};       // further options of the network
  size_t max_macs = 64;        // of each port
  size_t spare_ports = 0;      // additional ports in other networks
  size_t spare_networks = 0;   // additional networks
  size_t natted_networks = 1;  // VM i is in network i modulo this; a public address each
};

class XvnetStack : public Stack {
 public:
  XvnetStack(const Layout& layout, const XvnetOptions& options);

 private:
  void add_network(size_t number, const XvnetOptions& options) const;
  void attach_vms(const Layout& layout, const XvnetOptions& options);
  void add_spares(const XvnetOptions& options) const;
};

// --- a Linux bridge, and what is added to it ---

// How frames on the wire are tagged. Operators use a filtering bridge, or a bridge over a VLAN
// device. On kernels that have neither, a small program does the tagging.
enum class Tagging { kNone, kTc, kFiltering, kDevice };

// A filter that drops frames by their source MAC.
struct Filter {
  enum class Kind { kNone, kLinear, kSet } kind = Kind::kNone;
  enum class Place { kForward, kIngress } place = Place::kForward;
  size_t rules = 100;  // the last rule drops what vm_mac(kDeniedVm) sends
};
constexpr size_t kDeniedVm = 1;

// How frames to the outside are forwarded: routed only; translated, with every frame passing all of
// netfilter; or translated, with established connections on the fast path of a flowtable.
enum class Forwarding { kUntranslated, kMasquerade, kFlowtable };

struct BridgeOptions {
  Tagging tagging = Tagging::kNone;
  Filter filter{};
  Forwarding forwarding = Forwarding::kMasquerade;
};

class BridgeStack : public Stack {
 public:
  BridgeStack(const Layout& layout, const BridgeOptions& options);

  void expect_short_way() const override;

 private:
  void tag_wire(const Layout& layout, Tagging tagging);
  void filter_vlans(const Layout& layout) const;
  void add_vlan_device() const;
  void route() const;
  void masquerade() const;
  void add_flowtable(size_t vms) const;
  void add_filter(const Filter& filter) const;

  Forwarding forwarding_;
  std::vector<Attachment> tagging_;
};

// --- the kernel datapath of Open vSwitch ---

class OvsStack : public Stack {
 public:
  // Throws Unsupported if the module or ovs-dpctl is missing.
  explicit OvsStack(const Layout& layout);

 private:
  void add_port(const std::string& dev, size_t number) const;
  void add_flow(const std::string& match, const std::string& actions) const;
  void connect_vms(size_t vms) const;
  void tag_wire() const;
  void translate() const;

  size_t wire_port_ = 0;
};

// --- the floors: one bare program between two TAPs ---

class BareStack : public Stack {
 public:
  BareStack(const Layout& layout, Program program);

 private:
  std::optional<Attachment> program_;
};

}  // namespace xvnet::bench
