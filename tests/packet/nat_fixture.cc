// SPDX-License-Identifier: BSD-2-Clause
#include "nat_fixture.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include <ostream>

#include "link.h"

namespace xvnet::test {
namespace {

constexpr uint64_t kNanoseconds = 1'000'000'000;  // of a second

std::string ip_text(const Bytes& frame, size_t at) {
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &frame.at(at), text, sizeof text);
}

size_t header_size(const Bytes& frame, size_t at) { return size_t{4} * (frame.at(at) & 0x0f); }

void finish_ip(Bytes& frame, size_t at) {
  put_be16(frame, at + 10, 0);
  finish_checksum(frame, at, 10, at + header_size(frame, at));
}

abi::nat_network rules_of(uint16_t first, uint32_t flags) {
  abi::nat_network rules{};
  rules.flags = flags;
  rules.bucket_mask = 31;
  rules.range_count = 1;
  rules.ranges[0] = {
      .address = address_of(kPublicIp), .first = first, .count = kPublicPorts, .flags = 0};
  return rules;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Endpoints& ends) {
  return out << ends.src_mac << " > " << ends.dst_mac << ", " << ends.src_ip << ":" << ends.src_port
             << " > " << ends.dst_ip << ":" << ends.dst_port << ", TTL " << int{ends.ttl};
}

Endpoints endpoints_of(const Bytes& frame, size_t at) {
  Endpoints ends{.src_mac = mac_text(frame, ETH_ALEN),
                 .dst_mac = mac_text(frame, 0),
                 .src_ip = ip_text(frame, at + 12),
                 .dst_ip = ip_text(frame, at + 16),
                 .ttl = frame.at(at + 8)};
  const size_t transport = at + header_size(frame, at);
  const bool is_icmp = frame.at(at + 9) == IPPROTO_ICMP;
  ends.src_port = get_be16(frame, transport + (is_icmp ? 4 : 0));
  ends.dst_port = get_be16(frame, transport + (is_icmp ? 4 : 2));
  return ends;
}

Frame with_tcp_flags(Frame frame, uint8_t flags) {
  frame.bytes.at(kTransportOffset + 13) = flags;
  const Layers layers = parse_layers(frame.bytes);
  put_be16(frame.bytes, kTransportOffset + 16, pseudo_header_sum(frame.bytes, layers));
  finish_checksum(frame.bytes, kTransportOffset, 16, layers.end);
  return frame;
}

Frame with_ttl(Frame frame, uint8_t ttl) {
  frame.bytes.at(kIpOffset + 8) = ttl;
  finish_ip(frame.bytes, kIpOffset);
  return frame;
}

Frame icmp_error(const std::string& src_ip, const std::string& dst_ip, uint8_t type, uint8_t code,
                 const Bytes& about) {
  Frame frame;
  frame.bytes.resize(2 * ETH_ALEN);
  append_be16(frame.bytes, ETH_P_IP);
  Bytes& bytes = frame.bytes;
  const Bytes quote(about.begin() + kIpOffset, about.begin() + kTransportOffset + 8);
  bytes.insert(bytes.end(), {0x45, 0, 0, 56, 0, 7, 0, 0, 60, IPPROTO_ICMP, 0, 0});
  for (const std::string& ip : {src_ip, dst_ip}) {
    const abi::address address = address_of(ip);
    bytes.insert(bytes.end(), address.bytes + 12, address.bytes + 16);
  }
  bytes.insert(bytes.end(), {type, code, 0, 0, 0, 0, 0, 0});
  bytes.insert(bytes.end(), quote.begin(), quote.end());
  finish_ip(bytes, kIpOffset);
  finish_checksum(bytes, kTransportOffset, 2, bytes.size());
  return frame;
}

NatFixture::NatFixture() : uplink_mac_(test::mac_of(rig_.ns(), "up")) {
  rig_.set_gateway(kRed, "10.0.0.254");
  rig_.set_gateway(kBlue, "10.0.0.254");
  rig_.set_address(kRed, "10.0.0.1", "a", "");
  rig_.set_address(kRed, "10.0.0.2", "b", "");
  rig_.set_address(kRed, "10.0.0.3", "c", "");
  rig_.set_address(kBlue, "10.0.0.1", "d", "");
  set_flags(kRed, 0);
  set_flags(kBlue, 0);
}

void NatFixture::set_flags(uint32_t network, uint32_t flags, uint32_t address_flags) {
  const uint16_t first = network == kRed ? kRedFirstPort : kRedFirstPort + kPublicPorts;
  rig_.set_nat(network, rules_of(first, flags), address_flags);
}

Frame NatFixture::frame_between(Protocol protocol, const Ends& ends) {
  switch (protocol) {
    case Protocol::kTcp:
      return tcp4(ends);
    case Protocol::kIcmp:
      return icmp4_echo(ends);
    default:
      return udp4(ends);
  }
}

Frame NatFixture::out(Protocol protocol, const std::string& port, const std::string& ip) {
  Ends ends = Ends::between(test::mac_of(port), kGatewayMacText);
  ends.src_ip = ip;
  ends.dst_ip = kPeerIp;
  ends.src_port = kInsidePort;
  ends.dst_port = kPeerPort;
  return frame_between(protocol, ends);
}

Frame NatFixture::out_to(const std::string& peer, uint16_t peer_port, Protocol protocol,
                         uint16_t inside_port) {
  Ends ends = Ends::between(test::mac_of("a"), kGatewayMacText);
  ends.dst_ip = peer;
  ends.src_port = inside_port;
  ends.dst_port = peer_port;
  return frame_between(protocol, ends);
}

Frame NatFixture::in(Protocol protocol, uint16_t public_port, const std::string& peer,
                     uint16_t peer_port, const std::string& public_ip) {
  Ends ends = Ends::between(test::mac_of("wire"), uplink_mac_);
  ends.src_ip = peer;
  ends.dst_ip = public_ip;
  ends.src_port = peer_port;
  ends.dst_port = public_port;
  if (protocol == Protocol::kUdp) return udp4(ends);
  if (protocol == Protocol::kTcp) return tcp4(ends);
  Frame reply = icmp4_echo(ends);
  reply.bytes.at(kTransportOffset) = 0;
  put_be16(reply.bytes, kTransportOffset + 4, public_port);
  put_be16(reply.bytes, kTransportOffset + 2, 0);
  finish_checksum(reply.bytes, kTransportOffset, 2, reply.bytes.size());
  return reply;
}

std::optional<Endpoints> NatFixture::leaves_as(const Frame& frame, const std::string& port) {
  const Outcome outcome = from_vm(port, frame);
  if (outcome.verdict != Verdict::kRedirect || !outcome.counted.contains("up to carried"))
    return std::nullopt;
  EXPECT_EQ(checksum_problems(outcome.bytes), "");
  EXPECT_TRUE(contains(outcome.bytes, frame.marker));
  return endpoints_of(outcome.bytes);
}

std::optional<uint16_t> NatFixture::leaves(const Frame& frame, const std::string& port) {
  const auto left = leaves_as(frame, port);
  if (!left) return std::nullopt;
  const Endpoints before = endpoints_of(frame.bytes);
  const Endpoints& after = *left;
  const bool is_icmp = frame.bytes.at(kIpOffset + 9) == IPPROTO_ICMP;
  // The kernel writes the MACs of the route after the program, which a test run does not show.
  const Endpoints expected{.src_mac = before.src_mac,
                           .dst_mac = before.dst_mac,
                           .src_ip = kPublicIp,
                           .dst_ip = before.dst_ip,
                           .src_port = after.src_port,
                           .dst_port = is_icmp ? after.src_port : before.dst_port,
                           .ttl = static_cast<uint8_t>(before.ttl - 1)};
  EXPECT_EQ(after, expected);
  return after.src_port;
}

std::optional<Endpoints> NatFixture::arrives(const Frame& frame, const std::string& port) {
  const Outcome outcome = from_uplink(frame);
  if (outcome.verdict != Verdict::kRedirect || !outcome.counted.contains(port + " to carried"))
    return std::nullopt;
  EXPECT_EQ(checksum_problems(outcome.bytes), "");
  return endpoints_of(outcome.bytes);
}

abi::nat_slot_key NatFixture::slot_key(uint16_t public_port, Protocol protocol) {
  return {.address = address_of(kPublicIp),
          .port = public_port,
          .protocol = static_cast<uint8_t>(protocol),
          .pad = 0};
}

abi::nat_slot NatFixture::slot(uint16_t public_port, Protocol protocol) const {
  return rig_.tables().nat_slots.find(slot_key(public_port, protocol)).value_or(abi::nat_slot{});
}

void NatFixture::age(uint64_t seconds) {
  const Tables& tables = rig_.tables();
  for (const auto& key : tables.nat_slots.keys()) {
    abi::nat_slot slot = tables.nat_slots.find(key).value();
    slot.expires_ns -= seconds * kNanoseconds;
    tables.nat_slots.put(key, slot);
  }
  for (const auto& key : tables.nat_sessions.keys()) {
    abi::nat_bucket bucket = tables.nat_sessions.find(key).value();
    for (abi::nat_session& session : bucket.sessions)
      if (session.expires_ns != 0) session.expires_ns -= seconds * kNanoseconds;
    tables.nat_sessions.put(key, bucket);
  }
}

double NatFixture::seconds_left(uint16_t public_port, Protocol protocol) const {
  const auto until = static_cast<double>(slot(public_port, protocol).expires_ns);
  return (until - static_cast<double>(monotonic_ns())) / static_cast<double>(kNanoseconds);
}

}  // namespace xvnet::test
