// SPDX-License-Identifier: BSD-2-Clause
//
// What a network with a gateway says to a VM's questions, by RFC 826 and RFC 792. Written apart
// from bpf/. The frames are untagged.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "checksum.h"

namespace xvnet::test {

using Ipv4Bytes = std::array<uint8_t, 4>;
using MacBytes = std::array<uint8_t, 6>;

constexpr MacBytes kGatewayMac = {0x02, 0x78, 0x76, 0x6e, 0x65, 0x74};

// Of an ARP frame that is long enough, whatever its types and sizes are: the bytes where Ethernet's
// has the sender's address.
std::optional<Ipv4Bytes> arp_sender(const Bytes& frame);

// ARP for IPv4 with the sizes of Ethernet, of any hardware type.
struct ArpView {
  uint16_t operation = 0;  // 1: a question
  Ipv4Bytes target{};
};
std::optional<ArpView> view_arp(const Bytes& frame);

// To the question in `frame`: the target is at `mac`.
Bytes arp_reply(const Bytes& frame, const MacBytes& mac);

// None unless the frame is a ping, or a fragment of one, to that address.
std::optional<Bytes> ping_reply(const Bytes& frame, const Ipv4Bytes& gateway);

}  // namespace xvnet::test
