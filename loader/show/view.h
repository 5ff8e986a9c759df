// SPDX-License-Identifier: BSD-2-Clause
//
// The state of an instance, as `xvnet show` and `xvnet stats` present it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loader/model/request.h"
#include "maps/reasons.h"

namespace xvnet {

enum class PortKind { kTap, kVeth, kOther };

// The state of a port or an uplink.
enum class DeviceState {
  kUp,
  kDown,
  kGone,        // the device does not exist
  kSevered,     // another device has its ifindex, or the programs were removed
  kIncomplete,  // a program is missing, or a command was interrupted
};

enum class Carrier {
  kUp,
  kNoCarrier,
  kNoVm,  // no process has opened the TAP
  kDown,
  kGone,
};

// An address that the port shares with other ports (--allow).
struct AllowedView {
  std::string address;
  bool is_here = false;  // the port has it now
};

struct PortView {
  std::string name;
  std::uint32_t ifindex = 0;
  PortKind kind = PortKind::kOther;
  std::string network;
  std::optional<std::uint16_t> vid;
  Mode mode = Mode::kTc;
  Mode mode_asked = Mode::kAuto;
  std::string why;  // reason for the mode
  DeviceState state = DeviceState::kGone;
  Carrier carrier = Carrier::kGone;
  std::optional<Mac> mac;
  std::uint32_t max_macs = 0;
  std::uint32_t macs = 0;  // learned and not aged
  bool created = false;    // by xvnet
  std::vector<std::string> ips;
  std::vector<AllowedView> allowed;
  std::string host_name;
};

// A port range of a public address that a network has exclusively.
struct SnatView {
  std::string address;
  std::uint16_t first_port = 0;
  std::uint16_t last_port = 0;
};

// A NAT network is host-only, but for its SNAT.
enum class NetworkKind { kVlan, kUntagged, kNat, kHostOnly };

struct NetworkView {
  std::string name;
  std::uint32_t id = 0;
  NetworkKind kind = NetworkKind::kHostOnly;
  std::optional<std::uint16_t> vid;
  std::string uplink;  // empty: none
  std::vector<std::string> ports;
  std::uint32_t ageing_s = 0;
  std::string host_interface;  // empty: none
  std::vector<std::string> host_addresses;
  std::string subnet;   // "10.0.0.0/24"; empty: none
  std::string gateway;  // empty: none
  std::string router;   // empty: none
  bool dhcp = false;
  std::vector<std::string> dns;
  std::vector<SnatView> snat;                // empty: no SNAT, or not active yet
  std::optional<SnatFilter> snat_filter;     // empty: SNAT is not configured
  std::vector<std::string> snat_exceptions;  // "192.0.2.0/24"
  bool implicit = false;
};

struct UplinkView {
  std::string name;
  std::uint32_t ifindex = 0;
  Mode mode = Mode::kTc;
  Mode mode_asked = Mode::kAuto;
  std::string why;
  Carrier carrier = Carrier::kGone;
  std::string vlans;  // "all", or "10,20-30"
  std::vector<std::string> networks;
  DeviceState state = DeviceState::kGone;
};

enum class FdbKind { kLearned, kStatic, kHost };

struct FdbView {
  std::string network;
  Mac mac{};
  std::string device;
  FdbKind kind = FdbKind::kLearned;
  std::optional<std::uint64_t> age_s;  // only for a learned entry
};

enum class LeaseState { kUnused, kOffered, kBound, kReleased, kDeclined };

struct LeaseView {
  std::string ip;
  std::string network;
  std::string device;
  LeaseState state = LeaseState::kUnused;
  std::optional<Mac> mac;              // of the last client
  std::optional<std::uint64_t> age_s;  // since the last acknowledgement
};

enum class NatProtocol { kIcmp, kTcp, kUdp };
enum class NatState { kLive, kEstablished, kTransitory };  // the last two: TCP

// A NAT mapping: a public port, and the VM's port that uses it.
struct NatView {
  std::string network;
  NatProtocol protocol = NatProtocol::kUdp;
  std::string inside_ip;
  std::uint16_t inside_port = 0;  // for ICMP, the identifier
  std::string outside_ip;
  std::uint16_t outside_port = 0;
  NatState state = NatState::kLive;
  std::uint64_t age_s = 0;
  std::uint64_t left_s = 0;  // until it expires without further traffic
  std::uint64_t sent = 0;    // bytes of IP packets from the VM
  std::uint64_t received = 0;
};

struct ForwardView {
  std::string network;
  ForwardProtocol protocol = ForwardProtocol::kAll;
  std::string outside_ip;
  std::uint16_t outside_port = 0;  // the first of `ports`; 0: the whole address
  std::string inside_ip;
  std::uint16_t inside_port = 0;
  std::uint16_t ports = 1;
  std::string device;      // device that has the inside address; empty for none
  std::uint64_t sent = 0;  // bytes of IP packets from the VM
  std::uint64_t received = 0;
};

struct DirectionView {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::map<abi::reason, std::uint64_t> drops;  // only those that occurred
};

struct StatsView {
  std::string name;
  bool is_uplink = false;
  DirectionView from;
  DirectionView to;
};

}  // namespace xvnet
