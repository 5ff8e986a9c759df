// SPDX-License-Identifier: BSD-2-Clause
//
// Messages of DHCP clients, and the program's replies at port "a", which has the lease defined
// here.
#pragma once

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "live_fixture.h"

namespace xvnet::test {

using DhcpOptions = std::map<int, Bytes>;

enum Type : uint8_t { kDiscover = 1, kOffer, kRequest, kDecline, kAck, kNak, kRelease, kInform };

constexpr size_t kDhcpIp = ETH_HLEN;
constexpr size_t kDhcpUdp = kDhcpIp + 20;
constexpr size_t kDhcpMessage = kDhcpUdp + 8;
constexpr size_t kDhcpCookie = kDhcpMessage + 236;
constexpr uint32_t kLeaseTime = 3600;
inline const Bytes kLeased = {10, 0, 0, 1};
inline const Bytes kGatewayIp = {10, 0, 0, 254};
inline const Bytes kWrong = {10, 0, 0, 77};
inline const std::string kServerMac = "02:78:76:6e:65:74";

struct Message {
  uint8_t type = kDiscover;
  DhcpOptions options = {};
  Bytes ciaddr = {0, 0, 0, 0};
  uint16_t flags = 0;
  std::string to = kBroadcast;  // destination MAC; with the gateway's, also its IP address
  bool from_server = false;
};

inline void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

inline Bytes body_of(const Message& message) {
  Bytes body = {uint8_t(message.from_server ? 2 : 1), 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0};
  append_be16(body, message.flags);
  append(body, message.ciaddr);
  body.resize(28);
  for (const uint8_t byte : parse_mac(mac_of("a"))) body.push_back(byte);
  body.resize(236);
  append(body, {0x63, 0x82, 0x53, 0x63});
  if (message.type != 0) append(body, {53, 1, message.type});
  for (const auto& [code, value] : message.options) {
    append(body, {uint8_t(code), uint8_t(value.size())});
    append(body, value);
  }
  append(body, {0, 0, 255});
  body.resize(std::max<size_t>(body.size(), 300));
  return body;
}

inline void set_lengths_and_checksums(Bytes& frame) {
  put_be16(frame, kDhcpIp + 2, static_cast<uint16_t>(frame.size() - kDhcpIp));
  put_be16(frame, kDhcpIp + 10, 0);
  put_be16(frame, kDhcpUdp + 4, static_cast<uint16_t>(frame.size() - kDhcpUdp));
  finish_checksum(frame, kDhcpIp, 10, kDhcpUdp);
  put_be16(frame, kDhcpUdp + 6, pseudo_header_sum(frame, parse_layers(frame)));
}

// The message with a partial UDP checksum.
inline Frame partial_dhcp(const Message& message) {
  Frame frame;
  const bool unicast = message.to != kBroadcast;
  for (const uint8_t byte : parse_mac(message.to)) frame.bytes.push_back(byte);
  for (const uint8_t byte : parse_mac(mac_of("a"))) frame.bytes.push_back(byte);
  append_be16(frame.bytes, ETH_P_IP);
  append(frame.bytes, {0x45, 0, 0, 0, 0, 1, 0, 0, 64, IPPROTO_UDP, 0, 0});
  append(frame.bytes, message.ciaddr);
  append(frame.bytes, unicast ? kGatewayIp : Bytes{255, 255, 255, 255});
  const Bytes ports = message.from_server ? Bytes{0, 67, 0, 68} : Bytes{0, 68, 0, 67};
  append(frame.bytes, ports);
  frame.bytes.resize(kDhcpMessage);
  append(frame.bytes, body_of(message));
  set_lengths_and_checksums(frame.bytes);
  frame.vnet = {.flags = kNeedsChecksum, .csum_start = kDhcpUdp, .csum_offset = 6};
  return frame;
}

inline Frame dhcp(const Message& message) { return partial_dhcp(message).finished(); }

inline DhcpOptions options_of(const Bytes& frame) {
  DhcpOptions options;
  for (size_t at = kDhcpCookie + 4; at + 1 < frame.size() && frame[at] != 255;) {
    if (frame[at] == 0) {
      ++at;
      continue;
    }
    const auto start = frame.begin() + static_cast<long>(at) + 2;
    options[frame[at]] = Bytes(start, start + frame[at + 1]);
    at += size_t{2} + frame[at + 1];
  }
  return options;
}

inline Bytes part(const Bytes& frame, size_t at, size_t size = 4) {
  return {frame.begin() + static_cast<long>(at), frame.begin() + static_cast<long>(at + size)};
}

inline abi::lease lease_of_a() {
  abi::lease lease{};
  lease.address = address_of("10.0.0.1");
  lease.server = address_of("10.0.0.254");
  lease.boot_server = address_of("192.0.2.9");
  lease.seconds = kLeaseTime;
  const std::string file = "boot.ipxe";
  std::ranges::copy(file, lease.names + DHCP_BOOT_FILE);
  const Bytes options = {1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 0, 254, 255};
  std::ranges::copy(options, lease.options);
  return lease;
}

class DhcpFixture : public Live {
 protected:
  void serve() {
    rig_.set_gateway(kRed, "10.0.0.254");
    rig_.set_lease(kRed, "a", lease_of_a());
  }
  Outcome ask(const Frame& frame, Program program = Program::kFromVm,
              const std::string& from = "a") {
    const Counts before = read_counters(rig_);
    const RunResult result = rig_.run(GetParam(), program, rig_.ifindex(from), frame.bytes, {});
    Outcome outcome{verdict_of(GetParam(), result.code), result.bytes,
                    difference(before, read_counters(rig_))};
    note_reasons(GetParam(), outcome.counted);
    return outcome;
  }
  Outcome ask(const Message& message) { return ask(dhcp(message)); }
  // The bytes of the reply. A test fails when there is no reply.
  Bytes reply_to(const Message& message) {
    const Outcome outcome = ask(message);
    EXPECT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(outcome.counted.at("a to carried"), 1u);
    EXPECT_EQ(outcome.counted.at("a to bytes"), outcome.bytes.size());
    EXPECT_EQ(outcome.counted.at("a from bytes"), dhcp(message).bytes.size());
    EXPECT_EQ(checksum_problems(outcome.bytes), "");
    return outcome.bytes;
  }
  void is_not_answered(const Frame& frame) {
    const Outcome outcome = ask(frame);
    EXPECT_EQ(outcome.verdict, Verdict::kDrop);
    EXPECT_EQ(outcome.counted, (Counts{{"a from DHCP_UNANSWERED", 1}}));
  }
  abi::lease lease() { return rig_.tables().leases.find(rig_.ifindex("a")).value(); }
};

inline void expect_head(const Bytes& reply, Type type, const Bytes& yours) {
  EXPECT_EQ(reply[kDhcpMessage], 2);
  EXPECT_EQ(part(reply, kDhcpMessage + 4), (Bytes{0xde, 0xad, 0xbe, 0xef}));
  EXPECT_EQ(part(reply, kDhcpMessage + 16), yours);
  EXPECT_EQ(mac_text(reply, kDhcpMessage + 28), mac_of("a"));
  EXPECT_EQ(mac_text(reply, ETH_ALEN), kServerMac);
  EXPECT_EQ(part(reply, kDhcpIp + 12), kGatewayIp);
  EXPECT_EQ(part(reply, kDhcpUdp), (Bytes{0, 67, 0, 68}));
  EXPECT_EQ(options_of(reply).at(53), Bytes{type});
  EXPECT_EQ(options_of(reply).at(54), kGatewayIp);
}

inline void expect_lease(const Bytes& reply) {
  const auto options = options_of(reply);
  EXPECT_EQ(reply.size(), 590u);
  EXPECT_EQ(options.at(51), (Bytes{0, 0, 0x0e, 0x10}));
  EXPECT_EQ(options.at(58), (Bytes{0, 0, 0x07, 0x08}));
  EXPECT_EQ(options.at(59), (Bytes{0, 0, 0x0c, 0x4e}));
  EXPECT_EQ(options.at(1), (Bytes{255, 255, 255, 0}));
  EXPECT_EQ(options.at(3), kGatewayIp);
  EXPECT_EQ(part(reply, kDhcpMessage + 20), (Bytes{192, 0, 2, 9}));
  EXPECT_EQ(part(reply, kDhcpMessage + 108, 10),
            (Bytes{'b', 'o', 'o', 't', '.', 'i', 'p', 'x', 'e', 0}));
}

}  // namespace xvnet::test
