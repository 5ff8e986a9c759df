// SPDX-License-Identifier: BSD-2-Clause
//
// Models how a network with a gateway answers a VM's requests, by RFC 826 and RFC 792. The model is
// written independently of bpf/. All frames are untagged.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "checksum.h"

namespace xvnet::test {

using Ipv4Bytes = std::array<uint8_t, 4>;
using MacBytes = std::array<uint8_t, 6>;

constexpr MacBytes kGatewayMac = {0x02, 0x78, 0x76, 0x6e, 0x65, 0x74};

// The sender's protocol address of an ARP frame, read at Ethernet's offset whatever types and sizes
// the frame states. Empty when the frame is too short.
std::optional<Ipv4Bytes> arp_sender(const Bytes& frame);

// An ARP frame for IPv4 with Ethernet's address sizes and any hardware type.
struct ArpView {
  uint16_t operation = 0;  // 1: request
  Ipv4Bytes target{};
};
std::optional<ArpView> view_arp(const Bytes& frame);

// The reply to the request in `frame`. It says that the target is at `mac`.
Bytes arp_reply(const Bytes& frame, const MacBytes& mac);

// Empty unless the frame is a ping to that address, or a fragment of one.
std::optional<Bytes> ping_reply(const Bytes& frame, const Ipv4Bytes& gateway);

}  // namespace xvnet::test
