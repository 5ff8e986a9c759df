// SPDX-License-Identifier: BSD-2-Clause
//
// What an operator can ask for. A request is checked by the operation it is given to, not by
// whoever fills it in.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/ip_address.h"
#include "loader/kernel.h"

namespace xvnet {

enum class Mode { kAuto, kXdp, kTc };

constexpr std::uint16_t kMinVid = 1;
constexpr std::uint16_t kMaxVid = 4094;        // IEEE 802.1Q, table 9-2: 0 and 4095 are no VLANs
constexpr std::uint32_t kDefaultAgeing = 300;  // seconds, IEEE 802.1Q, table 8-6
constexpr std::uint32_t kDefaultMaxMacs = 64;  // of one port

constexpr std::uint32_t kDefaultSnatPorts = 4096;  // of each public address of a network
constexpr std::uint32_t kMinSnatPorts = 64;
constexpr std::uint32_t kMaxSnatPorts = 32768;

using VidSet = std::bitset<4096>;

// Exactly one of vid, untagged and network.
struct PortRequest {
  std::string device;
  std::optional<std::uint16_t> vid;
  bool untagged = false;
  std::string
      uplink;  // for an untagged network, where the host has several uplinks; empty: the only one
  std::string network;  // of an existing network
  std::optional<Mac> mac;
  std::vector<Ipv4> ips;      // in a network with a subnet; empty: one is chosen
  std::vector<Ipv4> allowed;  // that other ports may have as well; whoever announces one has it
  std::string host_name;      // told by DHCP
  Mode mode = Mode::kAuto;
  bool guest_offloads = true;  // false: the guest never sends an unfinished checksum
  std::optional<std::uint32_t> max_macs;
  // A missing device is created as a TAP with these; on an existing one, an MTU is set, the others
  // must agree.
  std::string owner;  // user name or uid
  std::optional<std::uint32_t> queues;
  std::optional<std::uint32_t> mtu;  // 0: the one of before it was a port
  bool create = true;
  bool replace = false;  // change a port that is attached differently
  bool force = false;    // also a device that the host uses, or that is no VM's
};

struct UplinkRequest {
  std::string device;
  std::optional<VidSet> vids;  // nothing: every VID no other uplink claims; empty: none
  Mode mode = Mode::kAuto;
  bool share_xdp = false;  // beside other XDP programs, through libxdp's dispatcher
};

enum class SnatSource {
  kNone,       // nothing is translated any more
  kAuto,       // the first address of the only uplink that has any
  kAddresses,  // those that are named
};

// Who may answer: RFC 4787, REQ-8.
enum class SnatFilter {
  kAddress,   // whom the VM's port has spoken to
  kEndpoint,  // anybody
};

// The public addresses from which a network's VMs speak to the outside.
struct SnatRequest {
  SnatSource source = SnatSource::kNone;
  std::vector<Ipv4> addresses;  // an uplink's own, or others that are answered for

  bool operator==(const SnatRequest&) const = default;
};

struct NetworkRequest {
  std::string name;
  std::optional<std::uint16_t> vid;  // neither vid nor untagged: host-only
  bool untagged = false;
  std::string uplink;
  bool is_host_only = false;                // on a network that exists: on no uplink any more
  bool has_any_uplink = false;              // the same: none is named any more
  std::vector<std::string> host_addresses;  // CIDR
  bool has_no_host_addresses = false;       // the same: none any more
  std::optional<std::uint32_t> ageing_s;
  std::optional<Subnet> subnet;       // whose addresses the ports get; Subnet{}: none
  std::optional<Ipv4> gateway;        // in the subnet; zero: none
  std::optional<std::string> router;  // the gateway leads to the other networks of it; empty: none
  std::optional<bool> dhcp;
  std::vector<Ipv4> dns;                    // told by DHCP, like the rest
  bool has_no_dns = false;                  // on a network that exists: none any more
  std::optional<std::string> domain;        // empty: none
  std::optional<Ipv4> boot_server;          // zero: none
  std::optional<std::string> boot_file;     // empty: none
  std::optional<SnatRequest> snat;          // goes with a gateway, like the rest
  std::optional<std::uint32_t> snat_ports;  // of each address; even
  std::optional<SnatFilter> snat_filter;
  std::optional<std::vector<Subnet>> snat_exceptions;  // prefixes spoken to without it; or none
  bool force = false;  // take public addresses that somebody on the LAN answers for
};

enum class ForwardProtocol { kUdp, kTcp, kAll };

// Ports of a public address that lead to a VM; with kAll, the whole address, which is floating then
// and has no ports of its own.
struct ForwardRequest {
  std::string network;
  ForwardProtocol protocol = ForwardProtocol::kAll;
  Ipv4 outside;
  std::uint16_t outside_port = 0;  // the first
  Ipv4 inside;
  std::uint16_t inside_port = 0;  // the first
  std::uint16_t count = 1;        // of ports
  bool force = false;             // as of a network
};

// Which public ports to show; what is not said matches all.
struct NatFilter {
  std::string network;
  std::optional<Ipv4> address;        // inside or outside
  std::optional<std::uint16_t> port;  // the same
};

// All that an operator has asked for and that holds: what `xvnet save` writes down.
struct DesiredState {
  std::vector<UplinkRequest> uplinks;
  std::vector<NetworkRequest> networks;  // those with a name of their own
  std::vector<ForwardRequest> forwards;
  std::vector<PortRequest> ports;
};

// What a change did.
struct Outcome {
  bool changed = false;
  std::vector<std::string> warnings;
  std::string created_tap{};      // the name; empty: none
  std::vector<Error> failures{};  // of a restore: of objects that stay as they were
};

}  // namespace xvnet
