// SPDX-License-Identifier: BSD-2-Clause
//
// A forward and a floating address for the VM at port a of nat_fixture.h. 203.0.113.5:2222 is
// forwarded to its port 22. 203.0.113.7 is its floating address.
#pragma once

#include <linux/if_arp.h>
#include <linux/if_ether.h>

#include <string>

#include "nat_fixture.h"

namespace xvnet::test {

constexpr uint16_t kForwardedPort = 2222;
constexpr uint16_t kServicePort = 22;
constexpr const char* kFloatingIp = "203.0.113.7";

constexpr size_t kArpLength = 28;
constexpr const char* kRedGatewayIp = "10.0.0.254";

class ForwardFixture : public NatFixture {
 protected:
  // Forwards the public port to the VM's service port, for UDP and TCP.
  void forward(const std::string& inside = "10.0.0.1") {
    for (const uint8_t protocol : {abi::NAT_UDP, abi::NAT_TCP})
      open({.address = address_of(kPublicIp),
            .port = kForwardedPort,
            .protocol = protocol,
            .pad = 0},
           {.network = kRed,
            .address = address_of(inside),
            .port = kServicePort,
            .protocol = protocol,
            .pad = 0});
  }
  void make_floating(const std::string& inside = "10.0.0.1") {
    open({.address = address_of(kFloatingIp), .port = 0, .protocol = abi::NAT_ANY, .pad = 0},
         {.network = kRed,
          .address = address_of(inside),
          .port = 0,
          .protocol = abi::NAT_ANY,
          .pad = 0});
    const Tables& tables = rig_.tables();
    auto address = tables.nat_addresses.find(address_of(kPublicIp)).value();
    address.flags = abi::NAT_ADDRESS_FLOATING;
    tables.nat_addresses.put(address_of(kFloatingIp), address);
    set_flags(kRed, abi::NAT_HAS_FLOATING);
  }
  // The VM sends an ARP request, from which the gateway learns its MAC.
  Outcome send_arp(const std::string& port = "a", const std::string& ip = "10.0.0.1") {
    Ends ends = Ends::between(test::mac_of(port), kBroadcast);
    ends.src_ip = ip;
    ends.dst_ip = kRedGatewayIp;
    return from_vm(port, arp_request(ends));
  }
  // A frame from the VM's service to the peer.
  Frame answer(Protocol protocol, uint16_t port = kServicePort) {
    Ends ends = Ends::between(test::mac_of("a"), kGatewayMacText);
    ends.src_ip = "10.0.0.1";
    ends.dst_ip = kPeerIp;
    ends.src_port = port;
    ends.dst_port = kPeerPort;
    return frame_between(protocol, ends);
  }
  Frame to_floating(Protocol protocol) {
    return in(protocol, kServicePort, kPeerIp, kPeerPort, kFloatingIp);
  }
  // A frame from b, another VM of the same network.
  Frame from_b(const std::string& to, uint16_t port, Protocol protocol = Protocol::kUdp) {
    Ends ends = Ends::between(test::mac_of("b"), kGatewayMacText);
    ends.src_ip = "10.0.0.2";
    ends.dst_ip = to;
    ends.src_port = kInsidePort;
    ends.dst_port = port;
    return frame_between(protocol, ends);
  }

 private:
  void open(const abi::nat_slot_key& outside, const abi::nat_mapping_key& inside) {
    abi::nat_slot slot{};
    slot.expires_ns = NAT_SLOT_FORWARD;
    slot.inside = inside.address;
    slot.network = inside.network;
    slot.port = inside.port;
    rig_.tables().nat_slots.put(outside, slot);
    rig_.tables().nat_mappings.put(
        inside, {.range = NAT_RANGE_FORWARD, .port = outside.port, .address = outside.address});
  }
};

}  // namespace xvnet::test
