// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/gateway/dhcp*.h: DHCP by RFC 2131. Red has the gateway 10.0.0.254, and the lease of port a is
// 10.0.0.1. XDP leaves client messages to tc. XDP itself drops messages that only a server sends.
#include "dhcp_fixture.h"

namespace xvnet::test {
namespace {

class Dhcp : public DhcpFixture {
 protected:
  Dhcp() { serve(); }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Dhcp, tc_alone(), hook_name);

class DhcpOnBoth : public DhcpFixture {};
INSTANTIATE_TEST_SUITE_P(Hooks, DhcpOnBoth, both_hooks(), hook_name);

TEST_P(Dhcp, OfferIsSentToTheOfferedAddress) {
  const Bytes reply = reply_to({.type = kDiscover});
  expect_head(reply, kOffer, kLeased);
  expect_lease(reply);
  EXPECT_EQ(mac_text(reply, 0), mac_of("a"));
  EXPECT_EQ(part(reply, kDhcpIp + 16), kLeased);
  EXPECT_EQ(lease().state, abi::LEASE_OFFERED);
}

TEST_P(Dhcp, BroadcastFlagGetsABroadcastReply) {
  const Bytes reply = reply_to({.type = kDiscover, .flags = 0x8000});
  EXPECT_EQ(mac_text(reply, 0), kBroadcast);
  EXPECT_EQ(part(reply, kDhcpIp + 16), (Bytes{255, 255, 255, 255}));
}

TEST_P(Dhcp, RequestGetsTheOfferedLease) {
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

TEST_P(Dhcp, RequestForAWrongAddressGetsANak) {
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

TEST_P(Dhcp, RenewalIsAnsweredToTheClientsAddress) {
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

TEST_P(Dhcp, ReleaseAndDeclineAreNotAnswered) {
  is_not_answered(dhcp({.type = kDecline, .options = {{50, kLeased}, {54, kGatewayIp}}}));
  EXPECT_EQ(lease().state, abi::LEASE_DECLINED);
  is_not_answered(
      dhcp({.type = kRelease, .options = {{54, kGatewayIp}}, .ciaddr = kLeased, .to = kServerMac}));
  EXPECT_EQ(lease().state, abi::LEASE_RELEASED);
  is_not_answered(dhcp({.type = kRelease, .options = {{54, kGatewayIp}}, .ciaddr = kWrong}));
  is_not_answered(dhcp({.type = kDecline, .options = {{50, kWrong}}}));
  EXPECT_EQ(lease().state, abi::LEASE_RELEASED);
}

TEST_P(Dhcp, MessageForAnotherServerIsNotAnswered) {
  is_not_answered(dhcp({.type = kRequest, .options = {{50, kLeased}, {54, kWrong}}}));
  for (const uint8_t type : {0, int{kOffer}, int{kAck}, int{kNak}, 9, 255})
    is_not_answered(dhcp({.type = type}));
  is_not_answered(dhcp({.type = kRequest}));
  is_not_answered(dhcp({.type = kInform}));
}

TEST_P(Dhcp, MalformedMessageIsNotAnswered) {
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

// The lengths and checksums are correct, so the message ends within a header or an option.
TEST_P(Dhcp, TruncatedMessageIsAnsweredOnlyIfItHasAType) {
  for (size_t size = kDhcpMessage; size < kDhcpCookie + 12; ++size) {
    Frame frame = partial_dhcp({.type = kDiscover});
    frame.bytes.resize(size);
    set_lengths_and_checksums(frame.bytes);
    const bool has_type = size >= kDhcpCookie + 7;
    EXPECT_EQ(ask(frame).verdict, has_type ? Verdict::kRedirect : Verdict::kDrop) << size;
  }
}

TEST_P(Dhcp, ReplyToATaggedRequestIsUntagged) {
  const Bytes reply = ask(dhcp({.type = kDiscover}).tagged({.vid = 0, .pcp = 3})).bytes;
  expect_head(reply, kOffer, kLeased);
  EXPECT_EQ(checksum_problems(reply), "");
}

// DHCP starvation: the lease belongs to the port. Other client identities at this port get the same
// address, and the leases of other ports stay.
TEST_P(Dhcp, AllClientsOfAPortGetTheSameAddress) {
  abi::lease of_b = lease_of_a();
  of_b.address = address_of("10.0.0.2");
  rig_.set_lease(kRed, "b", of_b);
  for (uint8_t client = 0; client < 100; ++client) {
    Frame frame = partial_dhcp({.type = kDiscover});
    frame.bytes.at(kDhcpMessage + 28 + ETH_ALEN - 1) = client;
    const Outcome outcome = ask(frame.finished());
    ASSERT_EQ(outcome.verdict, Verdict::kRedirect);
    EXPECT_EQ(part(outcome.bytes, kDhcpMessage + 16), kLeased);
  }
  EXPECT_EQ(rig_.tables().leases.keys().size(), 2U);
  const auto kept = rig_.tables().leases.find(rig_.ifindex("b")).value();
  EXPECT_EQ(std::memcmp(&kept, &of_b, sizeof of_b), 0);
}

TEST_P(Dhcp, PortWithoutALeaseGetsNoReply) {
  rig_.tables().leases.erase(rig_.ifindex("a"));
  is_not_answered(dhcp({.type = kDiscover}));
}

TEST_P(Dhcp, IsForwardedInANetworkWithoutDhcp) {
  const Outcome outcome = ask(dhcp({.type = kDiscover}), Program::kFromVm, "d");
  EXPECT_EQ(outcome.counted.at("up to carried"), 1u);
}

// The VM may be a relay, or a client of a server beyond the gateway.
TEST_P(DhcpOnBoth, MessageToAnotherServerIsForwarded) {
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

TEST_P(DhcpOnBoth, ClientMessageIsPassedToTc) {
  serve();
  const Outcome outcome = ask({.type = kDiscover});
  EXPECT_EQ(outcome.verdict, on_xdp() ? Verdict::kPass : Verdict::kRedirect);
}

TEST_P(DhcpOnBoth, RogueServerMessageIsDropped) {
  serve();
  const Frame frame = dhcp({.type = kOffer, .from_server = true});
  EXPECT_EQ(ask(frame), dropped(frame, "a from", "ROGUE_DHCP_SERVER"));
  const Frame tagged = frame.tagged(kRedVid);
  EXPECT_EQ(ask(tagged, Program::kFromUplink, "up"),
            dropped(tagged, "up from", "ROGUE_DHCP_SERVER"));
  // Clients take an offer from any port.
  const Frame elsewhere = udp4({.src_mac = mac_of("a"),
                                .dst_mac = kBroadcast,
                                .src_ip = "10.0.0.1",
                                .dst_ip = "255.255.255.255",
                                .src_port = 6767,
                                .dst_port = 68});
  EXPECT_EQ(ask(elsewhere), dropped(elsewhere, "a from", "ROGUE_DHCP_SERVER"));
}

TEST_P(DhcpOnBoth, PartialChecksumInRequestGetsAValidReply) {
  attach_all();
  serve();
  for (const Message& message :
       {Message{.type = kDiscover}, Message{.type = kRequest, .ciaddr = kLeased, .to = kServerMac},
        Message{.type = kRequest, .options = {{50, kWrong}}}}) {
    send("a", partial_dhcp(message));
    const Frames got = copies_at("a");
    ASSERT_EQ(got.size(), on_xdp() ? 0u : 1u);
    if (!on_xdp()) {
      EXPECT_EQ(checksum_problems(got.front()), "");
    }
  }
}

}  // namespace
}  // namespace xvnet::test
