// SPDX-License-Identifier: BSD-2-Clause
//
// The requests of an operator. Each has a check_request() with the rules that the request alone can
// break. Operations call it, and so does code that wants to refuse a request before it opens the
// instance. Messages name fields as the state file does (xvnet-restore(8)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/host.h"
#include "loader/base/ip_address.h"
#include "loader/base/mode.h"

namespace xvnet {

constexpr std::uint32_t kDefaultAgeing = 300;  // seconds, IEEE 802.1Q, table 8-6
constexpr std::uint32_t kDefaultMaxMacs = 64;  // of one port

constexpr std::uint32_t kDefaultSnatPorts = 4096;  // of each public address of a network
constexpr std::uint32_t kMinSnatPorts = 64;
constexpr std::uint32_t kMaxSnatPorts = 32768;

// Exactly one of vid, untagged and network must be set.
struct PortRequest {
  std::string device;
  std::optional<std::uint16_t> vid;
  bool untagged = false;
  std::string uplink;   // of an untagged network; required if there are several uplinks
  std::string network;  // name of an existing network
  std::optional<Mac> mac;
  std::vector<Ipv4> ips;      // requires a network with a subnet; empty: one is chosen
  std::vector<Ipv4> allowed;  // shared with other ports; the port that announced one last has it
  std::string host_name;      // sent by DHCP
  Mode mode = Mode::kAuto;
  bool guest_offloads = true;  // false: the guest never sends a partial checksum
  std::optional<std::uint32_t> max_macs;
  // A missing device is created as a TAP with these settings. On an existing device the MTU is set,
  // and the other settings must match.
  std::string owner;  // user name or uid
  std::optional<std::uint32_t> queues;
  std::optional<std::uint32_t> mtu;  // 0: the MTU before the device became a port
  bool create = true;
  bool replace = false;  // change a port that is attached with other settings
  bool force = false;    // accept a device that the host uses, or of an unusual type

  bool operator==(const PortRequest&) const = default;
};

struct UplinkRequest {
  std::string device;
  std::optional<VidSet> vids;  // nullopt: every VID that no other uplink claims; empty: none
  Mode mode = Mode::kAuto;
  bool share_xdp = false;  // attach beside other XDP programs through libxdp's dispatcher

  bool operator==(const UplinkRequest&) const = default;
};

enum class SnatSource {
  kNone,       // turn SNAT off
  kAuto,       // the first address of the only uplink that has one
  kAddresses,  // the given addresses
};

// Which remote endpoints may reply: RFC 4787, REQ-8.
enum class SnatFilter {
  kAddress,   // only remote addresses that the inside port has sent to
  kEndpoint,  // any remote endpoint
};

// The public addresses that a network's traffic is translated to.
struct SnatRequest {
  SnatSource source = SnatSource::kNone;
  std::vector<Ipv4> addresses;  // addresses of an uplink, or others for which xvnet answers ARP

  bool operator==(const SnatRequest&) const = default;
};

struct NetworkRequest {
  std::string name;
  std::optional<std::uint16_t> vid;  // neither vid nor untagged: host-only
  bool untagged = false;
  std::string uplink;
  bool is_host_only = false;                // for `set`: remove the network from its uplink
  bool has_any_uplink = false;              // for `set`: no longer name an uplink
  std::vector<std::string> host_addresses;  // CIDR
  bool has_no_host_addresses = false;       // for `set`: remove all host addresses
  std::optional<std::uint32_t> ageing_s;
  std::optional<Subnet> subnet;       // addresses for the ports; Subnet{}: none
  std::optional<Ipv4> gateway;        // in the subnet; zero: none
  std::optional<std::string> router;  // name of the router that the gateway belongs to; empty: none
  std::optional<bool> dhcp;
  std::vector<Ipv4> dns;                    // sent by DHCP, like the fields up to boot_file
  bool has_no_dns = false;                  // for `set`: remove all name servers
  std::optional<std::string> domain;        // empty: none
  std::optional<Ipv4> boot_server;          // zero: none
  std::optional<std::string> boot_file;     // empty: none
  std::optional<SnatRequest> snat;          // requires a gateway
  std::optional<std::uint32_t> snat_ports;  // ports of each public address; even
  std::optional<SnatFilter> snat_filter;
  std::optional<std::vector<Subnet>> snat_exceptions;  // prefixes not translated; empty: none
  bool force = false;  // take public addresses even if another machine on the LAN answers for them

  bool operator==(const NetworkRequest&) const = default;
};

enum class ForwardProtocol { kUdp, kTcp, kAll };

// Ports of a public address that lead to a VM. With kAll the whole address leads there (a floating
// address), and the port fields are 0.
struct ForwardRequest {
  std::string network;
  ForwardProtocol protocol = ForwardProtocol::kAll;
  Ipv4 outside;
  std::uint16_t outside_port = 0;  // the first of `count`
  Ipv4 inside;
  std::uint16_t inside_port = 0;  // the first of `count`
  std::uint16_t count = 1;        // number of ports
  bool force = false;             // like NetworkRequest::force

  bool operator==(const ForwardRequest&) const = default;
};

// Selects the public ports to show. An empty field matches all.
struct NatFilter {
  std::string network;
  std::optional<Ipv4> address;        // inside or outside address
  std::optional<std::uint16_t> port;  // inside or outside port
};

// Everything that the operator has configured: the content of `xvnet save`.
struct DesiredState {
  std::vector<UplinkRequest> uplinks;
  std::vector<NetworkRequest> networks;  // without implicit networks
  std::vector<ForwardRequest> forwards;
  std::vector<PortRequest> ports;
};

// The result of a change.
struct Outcome {
  bool changed = false;
  std::vector<std::string> warnings;
  std::string created_tap{};      // name of the TAP that was created; empty for none
  std::vector<Error> failures{};  // objects that could not be brought back
};

}  // namespace xvnet
