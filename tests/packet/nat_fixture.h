// SPDX-License-Identifier: BSD-2-Clause
//
// Two networks with SNAT, for the NAT tests:
//
//   network  inside                         public address and ports
//   red      a 10.0.0.1, b 10.0.0.2,        203.0.113.5, 50000 to 50063
//            c 10.0.0.3
//   blue     d 10.0.0.1, as red's a         203.0.113.5, 50064 to 50127
//
// Both have the gateway 10.0.0.254. Tests check the translated frame byte by byte, and compute
// every checksum again.
#pragma once

#include <optional>
#include <string>

#include "pipeline_fixture.h"

namespace xvnet::test {

constexpr const char* kPublicIp = "203.0.113.5";
constexpr const char* kPeerIp = "192.0.2.7";
constexpr const char* kOtherPeerIp = "192.0.2.8";
constexpr uint16_t kRedFirstPort = 50000;
constexpr uint16_t kPublicPorts = 64;
constexpr uint16_t kInsidePort = 4000;
constexpr uint16_t kPeerPort = 80;

inline const std::string kGatewayMacText = "02:78:76:6e:65:74";
constexpr size_t kIpOffset = 14;  // in an untagged frame
constexpr size_t kTransportOffset = kIpOffset + 20;
constexpr size_t kQuote = kTransportOffset + 8;  // the packet that an ICMP error quotes
constexpr uint32_t kOwnMark = 0x78766e74;        // docs/packet-path.md

// RFC 6890: the first and last addresses of each block that must not be forwarded.
constexpr const char* kNotForwardable[] = {
    "0.0.0.1",         "0.255.255.255",   "127.0.0.1",     "127.255.255.255", "169.254.0.0",
    "169.254.169.254", "169.254.255.255", "192.0.0.1",     "192.0.0.170",     "192.0.0.171",
    "192.0.0.255",     "240.0.0.0",       "254.255.255.1", "255.255.255.255"};

enum class Protocol { kUdp = abi::NAT_UDP, kTcp = abi::NAT_TCP, kIcmp = abi::NAT_ICMP };
constexpr Protocol kAllProtocols[] = {Protocol::kUdp, Protocol::kTcp, Protocol::kIcmp};

// The addresses and ports of an untagged IPv4 frame.
struct Endpoints {
  std::string src_mac, dst_mac;
  std::string src_ip, dst_ip;
  uint16_t src_port = 0, dst_port = 0;  // for an ICMP query, both are its identifier
  uint8_t ttl = 0;

  bool operator==(const Endpoints&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Endpoints& ends);
// Reads a whole frame, or the packet that an ICMP error quotes. `at` is the offset of its IPv4
// header.
Endpoints endpoints_of(const Bytes& frame, size_t at = kIpOffset);

namespace tcp {
constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kAck = 0x10;
}
Frame with_tcp_flags(Frame frame, uint8_t flags);
Frame with_ttl(Frame frame, uint8_t ttl);
// A router's ICMP error about a frame: RFC 792.
Frame icmp_error(const std::string& src_ip, const std::string& dst_ip, uint8_t type, uint8_t code,
                 const Bytes& about);

class NatFixture : public Pipeline {
 protected:
  NatFixture();

  void set_flags(uint32_t network, uint32_t flags, uint32_t address_flags = 0);

  static Frame frame_between(Protocol protocol, const Ends& ends);
  // A frame from the VM of a port, which has the address `ip`, to its gateway.
  Frame out(Protocol protocol, const std::string& port = "a", const std::string& ip = "10.0.0.1");
  Frame out_to(const std::string& peer, uint16_t peer_port, Protocol protocol = Protocol::kUdp,
               uint16_t inside_port = kInsidePort);
  // A frame from the peer to a public port, as the router sends it.
  Frame in(Protocol protocol, uint16_t public_port, const std::string& peer = kPeerIp,
           uint16_t peer_port = kPeerPort, const std::string& public_ip = kPublicIp);

  // A VM's frame as it left the uplink, with its checksums checked. Empty when it did not leave.
  std::optional<Endpoints> leaves_as(const Frame& frame, const std::string& port = "a");
  // The public port of a VM's frame that left, with the whole frame checked. Empty when it did not
  // leave.
  std::optional<uint16_t> leaves(const Frame& frame, const std::string& port = "a");
  // An answer as the port's VM received it. Empty when it did not arrive.
  std::optional<Endpoints> arrives(const Frame& frame, const std::string& port = "a");

  static abi::nat_slot_key slot_key(uint16_t public_port, Protocol protocol);
  abi::nat_slot slot(uint16_t public_port, Protocol protocol) const;
  // Makes every mapping older, as if no frame had used it for this long.
  void age(uint64_t seconds);
  // The time until the mapping expires.
  double seconds_left(uint16_t public_port, Protocol protocol) const;
  std::string uplink_mac() const { return uplink_mac_; }

 private:
  std::string uplink_mac_;
};

}  // namespace xvnet::test
