// SPDX-License-Identifier: BSD-2-Clause
//
// A line of the fuzz target nat: numbers that select a frame and where it comes from.
#pragma once

#include <linux/if_ether.h>

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "delivery.h"
#include "link.h"

namespace xvnet::test {

constexpr size_t kIp = ETH_HLEN;
constexpr size_t kTransport = kIp + 20;
constexpr uint16_t kFirstPort = 50000;
constexpr uint16_t kPorts = 4;  // few ports per network, so that frames from the wire hit them
constexpr uint16_t kHostsUdp = 50001;
constexpr uint16_t kHostsTcp = 50006;
constexpr const char* kInside = "10.0.0.1";  // the address of both VMs
constexpr const char* kGateway = "10.0.0.254";
constexpr const char* kGatewayOfTenants = "02:78:76:6e:65:74";

enum Field : size_t {
  kFrom,
  kKind,
  kSource,
  kDestination,
  kSourcePort,
  kDestinationPort,
  kMac,
  kTag,
  kId,
  kFragment,
  kTtl,
  kFlags,
  kGso,
  kHeaderLength,
  kSegment,
  kStart,
  kOffset,
  kPokeAt,
  kPoke,
  kFields,
};
using Line = std::array<uint16_t, kFields>;

template <typename T, size_t kSize>
const T& choose(const T (&from)[kSize], uint16_t number) {
  return from[number % kSize];
}

constexpr const char* kFroms[] = {"a", "d", "up", "a", "d", "up", "a", "host"};

inline std::string sender_of(const Line& line) { return choose(kFroms, line[kFrom]); }
constexpr const char* kAddresses[] = {kInside,       "10.0.0.2",        kGateway,
                                      kUplinkIp,     "192.0.2.7",       "192.0.2.8",
                                      "10.0.0.9",    "169.254.169.254", "198.51.100.77",
                                      "203.0.113.5", "224.0.0.251",     "255.255.255.255"};
constexpr uint16_t kChosenPorts[] = {53,    67,    80,    4000,  4789,  49999, 50000, 50001,
                                     50002, 50003, 50004, 50005, 50006, 50007, 50008};
constexpr uint16_t kFragments[] = {0, 0, 0, 0x4000, 0x2000, 0x2001, 0x0001, 0x0005, 0x2005};
constexpr uint8_t kTtls[] = {64, 64, 64, 2, 1, 0};
constexpr Gso kGsos[] = {Gso::kNone, Gso::kNone, Gso::kTcp4, Gso::kUdp, Gso::kTcp6, Gso::kUdpL4};

inline std::string mac_chosen(uint16_t number) {
  const std::string macs[] = {kGatewayOfTenants, mac_of(Rig::get().ns(), "up"),
                              mac_of("b"),       mac_of("d"),
                              mac_of("wire"),    kBroadcast};
  return choose(macs, number);
}

// A frame as a guest would send it. The numbers of the line then corrupt it.
inline Frame plain_frame(const Line& line, const Ends& ends) {
  switch (line[kKind] % 8) {
    case 0:
      return tcp4(ends, 200);
    case 1:
      return icmp4_echo(ends);
    case 2:
      return arp_request(ends);
    case 3:
      return udp6(ends);
    case 4:
      return vxlan(ends, udp4(ends), OuterChecksum::kZero);
    case 5:
      return leave_partial(tcp4(ends, 200));
    default:
      return udp4(ends, 200);
  }
}

inline Frame frame_of(const Line& line) {
  const std::string from = sender_of(line);
  Ends ends = Ends::between(mac_of(from == "up" ? "wire" : from), mac_chosen(line[kMac]));
  ends.src_ip = choose(kAddresses, line[kSource]);
  ends.dst_ip = choose(kAddresses, line[kDestination]);
  ends.src_port = choose(kChosenPorts, line[kSourcePort]);
  ends.dst_port = choose(kChosenPorts, line[kDestinationPort]);
  Frame frame = plain_frame(line, ends);
  Bytes& bytes = frame.bytes;
  if (get_be16(bytes, 12) == ETH_P_IP) {
    put_be16(bytes, kIp + 4, line[kId] % 4);
    put_be16(bytes, kIp + 6, choose(kFragments, line[kFragment]));
    bytes[kIp + 8] = choose(kTtls, line[kTtl]);
    put_be16(bytes, kIp + 10, 0);
    finish_checksum(bytes, kIp, 10, kTransport);
  }
  if (line[kFlags] % 2) {
    frame.vnet.flags = kNeedsChecksum;
    frame.vnet.csum_start = line[kStart] % 300;
    frame.vnet.csum_offset = line[kOffset] % 64;
  }
  frame.vnet.gso_type = choose(kGsos, line[kGso]);
  frame.vnet.hdr_len = line[kHeaderLength] % 300;
  frame.vnet.gso_size = line[kSegment] % 300;
  if (line[kPokeAt] % 512 < bytes.size())
    bytes[line[kPokeAt] % 512] = static_cast<uint8_t>(line[kPoke]);
  if (line[kTag] % 8 == 7) return frame.tagged(line[kTag] / 8 % 32);
  return frame;
}

inline std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  std::istringstream input{std::string(text)};
  for (std::string each; std::getline(input, each);) {
    std::istringstream numbers(each);
    Line line{};
    for (uint16_t& number : line) numbers >> number;
    lines.push_back(line);
  }
  return lines;
}

inline std::string text_of(const std::vector<Line>& lines) {
  std::ostringstream text;
  for (const Line& line : lines) {
    for (const uint16_t number : line) text << number << " ";
    text << "\n";
  }
  return text.str();
}

}  // namespace xvnet::test
