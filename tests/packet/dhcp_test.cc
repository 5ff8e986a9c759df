// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/stages/dhcp*.h: DHCP as RFC 2131 has it. Red has the gateway 10.0.0.254; the lease of a is
// 10.0.0.1. XDP leaves what a client says to tc, and drops what only a server says by itself.
#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "live_fixture.h"

namespace xvnet::test {
namespace {

using DhcpOptions = std::map<int, Bytes>;

enum Type : uint8_t { kDiscover = 1, kOffer, kRequest, kDecline, kAck, kNak, kRelease, kInform };

constexpr size_t kDhcpIp = ETH_HLEN;
constexpr size_t kDhcpUdp = kDhcpIp + 20;
constexpr size_t kDhcpMessage = kDhcpUdp + 8;
constexpr size_t kDhcpCookie = kDhcpMessage + 236;
constexpr uint32_t kLeaseTime = 3600;
const Bytes kLeased = {10, 0, 0, 1};
const Bytes kGatewayIp = {10, 0, 0, 254};
const Bytes kWrong = {10, 0, 0, 77};
const std::string kServerMac = "02:78:76:6e:65:74";

struct Message {
  uint8_t type = kDiscover;
  DhcpOptions options = {};
  Bytes ciaddr = {0, 0, 0, 0};
  uint16_t flags = 0;
  std::string to = kBroadcast;  // by its MAC; the gateway's: by its address, too
  bool from_server = false;
};

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

Bytes body_of(const Message& message) {
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

void set_lengths_and_checksums(Bytes& frame) {
  put_be16(frame, kDhcpIp + 2, static_cast<uint16_t>(frame.size() - kDhcpIp));
  put_be16(frame, kDhcpIp + 10, 0);
  put_be16(frame, kDhcpUdp + 4, static_cast<uint16_t>(frame.size() - kDhcpUdp));
  finish_checksum(frame, kDhcpIp, 10, kDhcpUdp);
  put_be16(frame, kDhcpUdp + 6, pseudo_header_sum(frame, parse_layers(frame)));
}

// With its UDP checksum left for the device.
Frame unfinished(const Message& message) {
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

Frame dhcp(const Message& message) { return unfinished(message).finished(); }

DhcpOptions options_of(const Bytes& frame) {
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

Bytes part(const Bytes& frame, size_t at, size_t size = 4) {
  return {frame.begin() + static_cast<long>(at), frame.begin() + static_cast<long>(at + size)};
}

abi::lease lease_of_a() {
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
  // Its bytes; empty, and a failure, when there is none.
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

class Dhcp : public DhcpFixture {
 protected:
  Dhcp() { serve(); }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Dhcp, tc_alone(), hook_name);

class DhcpOnBoth : public DhcpFixture {};
INSTANTIATE_TEST_SUITE_P(Hooks, DhcpOnBoth, both_hooks(), hook_name);

void expect_head(const Bytes& reply, Type type, const Bytes& yours) {
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

void expect_lease(const Bytes& reply) {
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

TEST_P(Dhcp, ADiscoverGetsAnOfferByTheAddressItOffers) {
  const Bytes reply = reply_to({.type = kDiscover});
  expect_head(reply, kOffer, kLeased);
  expect_lease(reply);
  EXPECT_EQ(mac_text(reply, 0), mac_of("a"));
  EXPECT_EQ(part(reply, kDhcpIp + 16), kLeased);
  EXPECT_EQ(lease().state, abi::LEASE_OFFERED);
}

TEST_P(Dhcp, WhoCannotBeReachedByItsAddressGetsABroadcast) {
  const Bytes reply = reply_to({.type = kDiscover, .flags = 0x8000});
  EXPECT_EQ(mac_text(reply, 0), kBroadcast);
  EXPECT_EQ(part(reply, kDhcpIp + 16), (Bytes{255, 255, 255, 255}));
}

TEST_P(Dhcp, ARequestGetsWhatWasOffered) {
  const Bytes reply = reply_to({.type = kRequest, .options = {{50, kLeased}, {54, kGatewayIp}}});
  expect_head(reply, kAck, kLeased);
  expect_lease(reply);
  EXPECT_EQ(lease().state, abi::LEASE_BOUND);
  EXPECT_NE(lease().acked_ns, 0u);
  EXPECT_TRUE(std::ranges::equal(lease().client, parse_mac(mac_of("a"))));
}

TEST_P(Dhcp, ARestartedClientGetsItsAddressAgain) {
  expect_head(reply_to({.type = kRequest, .options = {{50, kLeased}}}), kAck, kLeased);
}

TEST_P(Dhcp, AWrongAddressIsDenied) {
  for (const Message& message :
       {Message{.type = kRequest, .options = {{50, kWrong}}},
        Message{.type = kRequest, .options = {{50, kWrong}, {54, kGatewayIp}}},
        Message{.type = kRequest, .ciaddr = kWrong}}) {
    const Bytes reply = reply_to(message);
    expect_head(reply, kNak, {0, 0, 0, 0});
    EXPECT_EQ(mac_text(reply, 0), kBroadcast);
    EXPECT_EQ(part(reply, kDhcpIp + 16), (Bytes{255, 255, 255, 255}));
    EXPECT_FALSE(options_of(reply).contains(51));
  }
  EXPECT_EQ(lease().state, abi::LEASE_UNUSED);
}

TEST_P(Dhcp, ARenewalIsAnsweredByTheClientsAddress) {
  for (const std::string& to : {kServerMac, std::string(kBroadcast)}) {
    const Bytes reply = reply_to({.type = kRequest, .ciaddr = kLeased, .to = to});
    expect_head(reply, kAck, kLeased);
    EXPECT_EQ(mac_text(reply, 0), mac_of("a"));
    EXPECT_EQ(part(reply, kDhcpIp + 16), kLeased);
  }
}

TEST_P(Dhcp, AnInformGetsOptionsAndNoLease) {
  const Bytes reply = reply_to({.type = kInform, .ciaddr = kWrong});
  expect_head(reply, kAck, {0, 0, 0, 0});
  const auto options = options_of(reply);
  for (const int code : {51, 58, 59}) EXPECT_FALSE(options.contains(code)) << code;
  EXPECT_EQ(options.at(3), kGatewayIp);
  EXPECT_EQ(part(reply, kDhcpIp + 16), kWrong);
}

TEST_P(Dhcp, AReleaseAndADeclineAreNotedAndNotAnswered) {
  is_not_answered(dhcp({.type = kDecline, .options = {{50, kLeased}, {54, kGatewayIp}}}));
  EXPECT_EQ(lease().state, abi::LEASE_DECLINED);
  is_not_answered(
      dhcp({.type = kRelease, .options = {{54, kGatewayIp}}, .ciaddr = kLeased, .to = kServerMac}));
  EXPECT_EQ(lease().state, abi::LEASE_RELEASED);
  is_not_answered(dhcp({.type = kRelease, .options = {{54, kGatewayIp}}, .ciaddr = kWrong}));
  is_not_answered(dhcp({.type = kDecline, .options = {{50, kWrong}}}));
  EXPECT_EQ(lease().state, abi::LEASE_RELEASED);
}

TEST_P(Dhcp, WhatIsNotForThisServerIsNotAnswered) {
  is_not_answered(dhcp({.type = kRequest, .options = {{50, kLeased}, {54, kWrong}}}));
  for (const uint8_t type : {0, int{kOffer}, int{kAck}, int{kNak}, 9, 255})
    is_not_answered(dhcp({.type = type}));
  is_not_answered(dhcp({.type = kRequest}));
  is_not_answered(dhcp({.type = kInform}));
}

TEST_P(Dhcp, AMessageThatIsBrokenIsNotAnswered) {
  const Frame whole = dhcp({.type = kDiscover});
  const std::map<size_t, uint8_t> changes = {
      {kDhcpMessage, 2},      {kDhcpMessage + 1, 6}, {kDhcpMessage + 2, 16},
      {kDhcpMessage + 24, 1}, {kDhcpCookie, 0},      {kDhcpUdp + 4, 0xff},
      {kDhcpIp + 10, 0},      {kDhcpCookie + 5, 2},  {kDhcpCookie + 5, 255}};
  for (const auto& [at, byte] : changes) {
    Frame frame = whole;
    frame.bytes[at] = byte;
    is_not_answered(frame);
  }
  for (size_t size = kDhcpMessage; size < whole.bytes.size(); ++size) {
    Frame frame = whole;
    frame.bytes.resize(size);
    is_not_answered(frame);
  }
}

// With lengths that fit, so that it ends within a header or an option.
TEST_P(Dhcp, AShortMessageIsAnsweredOnlyIfItsTypeIsInIt) {
  for (size_t size = kDhcpMessage; size < kDhcpCookie + 12; ++size) {
    Frame frame = unfinished({.type = kDiscover});
    frame.bytes.resize(size);
    set_lengths_and_checksums(frame.bytes);
    const bool has_type = size >= kDhcpCookie + 7;
    EXPECT_EQ(ask(frame).verdict, has_type ? Verdict::kRedirect : Verdict::kDrop) << size;
  }
}

TEST_P(Dhcp, TheAnswerToATaggedQuestionHasNoTag) {
  const Bytes reply = ask(dhcp({.type = kDiscover}).tagged({.vid = 0, .pcp = 3})).bytes;
  expect_head(reply, kOffer, kLeased);
  EXPECT_EQ(checksum_problems(reply), "");
}

// Starvation: the lease is the port's, whoever its clients say they are, and others keep theirs.
TEST_P(Dhcp, AFloodOfClientsIsOfferedTheOneAddress) {
  abi::lease of_b = lease_of_a();
  of_b.address = address_of("10.0.0.2");
  rig_.set_lease(kRed, "b", of_b);
  for (uint8_t client = 0; client < 100; ++client) {
    Frame frame = unfinished({.type = kDiscover});
    frame.bytes.at(kDhcpMessage + 28 + ETH_ALEN - 1) = client;
    const Outcome outcome = ask(frame.finished());
    ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(part(outcome.bytes, kDhcpMessage + 16), kLeased);
  }
  EXPECT_EQ(rig_.tables().leases.keys().size(), 2U);
  const auto kept = rig_.tables().leases.find(rig_.ifindex("b")).value();
  EXPECT_EQ(std::memcmp(&kept, &of_b, sizeof of_b), 0);
}

TEST_P(Dhcp, APortWithoutALeaseGetsNoAnswer) {
  rig_.tables().leases.erase(rig_.ifindex("a"));
  is_not_answered(dhcp({.type = kDiscover}));
}

TEST_P(Dhcp, IsASwitchsFrameInOtherNetworks) {
  const Outcome outcome = ask(dhcp({.type = kDiscover}), Program::kFromVm, "d");
  EXPECT_EQ(outcome.counted.at("up to carried"), 1u);
}

// A VM that is a relay, or a client of a server beyond the gateway.
TEST_P(DhcpOnBoth, WhatIsForAnotherServerGoesItsWay) {
  serve();
  for (const Bytes& server : {Bytes{192, 0, 2, 7}, Bytes{10, 0, 0, 2}}) {
    Frame frame = dhcp({.type = kRequest, .ciaddr = kLeased, .to = kServerMac});
    std::ranges::copy(server, frame.bytes.begin() + kDhcpIp + 16);
    set_lengths_and_checksums(frame.bytes);
    EXPECT_EQ(ask(frame).counted, (on_xdp() ? Counts{} : Counts{{"a from NOT_ROUTED", 1}}));
    const auto b = parse_mac(mac_of("b"));
    std::ranges::copy(b, frame.bytes.begin());
    const Outcome outcome = ask(frame);
    EXPECT_EQ(outcome.counted.contains("b to carried"), !on_xdp());
  }
}

TEST_P(DhcpOnBoth, WhatAClientSaysIsLeftToTc) {
  serve();
  const Outcome outcome = ask({.type = kDiscover});
  EXPECT_EQ(outcome.verdict, on_xdp() ? Verdict::kPass : Verdict::kRedirect);
}

TEST_P(DhcpOnBoth, NobodyElseIsTheServer) {
  serve();
  const Frame frame = dhcp({.type = kOffer, .from_server = true});
  EXPECT_EQ(ask(frame), dropped(frame, "a from", "ROGUE_DHCP_SERVER"));
  const Frame tagged = frame.tagged(kRedVid);
  EXPECT_EQ(ask(tagged, Program::kFromUplink, "up"),
            dropped(tagged, "up from", "ROGUE_DHCP_SERVER"));
}

TEST_P(DhcpOnBoth, AGuestThatLeavesChecksumsGetsARightOne) {
  attach_all();
  serve();
  for (const Message& message :
       {Message{.type = kDiscover}, Message{.type = kRequest, .ciaddr = kLeased, .to = kServerMac},
        Message{.type = kRequest, .options = {{50, kWrong}}}}) {
    send("a", unfinished(message));
    const Frames got = copies_at("a");
    ASSERT_EQ(got.size(), on_xdp() ? 0u : 1u);
    if (!on_xdp()) {
      EXPECT_EQ(checksum_problems(got.front()), "");
    }
  }
}

}  // namespace
}  // namespace xvnet::test
