// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/gateway/arp.h and ping.h: requests that a network with a subnet answers itself. Red
// has the gateway 10.0.0.254. It knows 10.0.0.1 for port a, 10.0.0.2 for port b with its MAC, and
// 10.0.0.3 for port c without a MAC. 10.0.0.4 is reserved and has no port now. XDP leaves every
// request that needs an answer to tc.
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "answer_model.h"
#include "live_fixture.h"

namespace xvnet::test {
namespace {

const std::string kGateway = "10.0.0.254";
const std::string kGatewayText = "02:78:76:6e:65:74";
constexpr size_t kHeader = ETH_HLEN;
constexpr size_t kEcho = kHeader + 20;

void add_subnet(Rig& rig) {
  rig.set_gateway(kRed, kGateway);
  rig.set_address(kRed, "10.0.0.1", "a", "");
  rig.set_address(kRed, "10.0.0.2", "b", mac_of("b"));
  rig.set_address(kRed, "10.0.0.3", "c", "");
  rig.set_address(kRed, "10.0.0.4", "", mac_of("new"));
}

Ends asking(const std::string& from, const std::string& ip, const std::string& mac = kBroadcast) {
  Ends ends = Ends::between(mac_of(from), mac);
  ends.dst_ip = ip;
  return ends;
}

Frame with_bytes(Frame frame, const Bytes& bytes) {
  frame.bytes = bytes;
  return frame;
}

// Changes one header byte and corrects the checksum.
Frame with_header(Frame frame, size_t at, uint8_t byte) {
  frame.bytes[at] = byte;
  put_be16(frame.bytes, kHeader + 10, 0);
  uint32_t sum = 0;
  for (size_t word = kHeader; word < kEcho; word += 2) sum += get_be16(frame.bytes, word);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  put_be16(frame.bytes, kHeader + 10, static_cast<uint16_t>(~sum));
  return frame;
}

class Gateway : public Pipeline {
 protected:
  Gateway() { add_subnet(rig_); }

  Outcome answered(const Frame& frame, const Bytes& reply, const std::string& port = "a") const {
    return only_tc(frame, forwarded(with_bytes(frame, reply), port, port));
  }
  Outcome refused(const Frame& frame, const std::string& reason) const {
    return only_tc(frame, dropped(frame, "a from", reason));
  }
  Frame ping() { return icmp4_echo(asking("a", kGateway, kGatewayText)); }
};
INSTANTIATE_TEST_SUITE_P(Hooks, Gateway, both_hooks(), hook_name);

// Only tc answers and floods.
class GatewayOnTc : public Gateway {};
INSTANTIATE_TEST_SUITE_P(Hooks, GatewayOnTc, tc_alone(), hook_name);

TEST_P(Gateway, AnswersArpForItsAddress) {
  for (const std::string& to : {std::string(kBroadcast), kGatewayText}) {
    const Frame frame = arp_request(asking("a", kGateway, to));
    EXPECT_EQ(from_vm("a", frame), answered(frame, arp_reply(frame.bytes, kGatewayMac))) << to;
  }
}

TEST_P(GatewayOnTc, ArpReplyHasTheFieldsOfRfc826) {
  Outcome outcome = from_vm("a", arp_request(asking("a", kGateway)));
  ASSERT_GE(outcome.bytes.size(), 42u);
  EXPECT_EQ(mac_text(outcome.bytes, 0), mac_of("a"));
  EXPECT_EQ(mac_text(outcome.bytes, ETH_ALEN), kGatewayText);
  EXPECT_EQ(get_be16(outcome.bytes, ETH_HLEN + 6), 2);
  EXPECT_EQ(mac_text(outcome.bytes, ETH_HLEN + 8), kGatewayText);
  EXPECT_EQ(Bytes(outcome.bytes.begin() + 28, outcome.bytes.begin() + 32), (Bytes{10, 0, 0, 254}));
  EXPECT_EQ(mac_text(outcome.bytes, ETH_HLEN + 18), mac_of("a"));
  EXPECT_EQ(Bytes(outcome.bytes.begin() + 38, outcome.bytes.begin() + 42), (Bytes{10, 0, 0, 1}));
}

TEST_P(Gateway, AnswersArpForAPortWithAConfiguredMac) {
  const Frame frame = arp_request(asking("a", "10.0.0.2"));
  const auto mac = parse_mac(mac_of("b"));
  EXPECT_EQ(from_vm("a", frame), answered(frame, arp_reply(frame.bytes, mac)));
}

// The VM may have moved to another host and can answer from there.
TEST_P(GatewayOnTc, ArpRequestForAVanishedDeviceIsFlooded) {
  rig_.tables().devices.erase(rig_.ifindex("b"));
  const Frame frame = arp_request(asking("a", "10.0.0.2"));
  const Outcome outcome = from_vm("a", frame);
  EXPECT_EQ(outcome.counted.at("c to carried"), 1u);
  EXPECT_EQ(outcome.counted.at("up to carried"), 1u);
}

TEST_P(Gateway, ArpRequestGoesOnlyToTheOwningPort) {
  const Frame frame = arp_request(asking("a", "10.0.0.3"));
  EXPECT_EQ(from_vm("a", frame), only_tc(frame, forwarded(frame, "a", "c")));
  EXPECT_TRUE(copies_at("b").empty());
}

TEST_P(Gateway, ReplyIsUntagged) {
  const Frame frame = arp_request(asking("a", kGateway));
  const Frame tagged = frame.tagged({.vid = 0, .pcp = 5});
  EXPECT_EQ(from_vm("a", tagged),
            only_tc(tagged, answered(frame, arp_reply(frame.bytes, kGatewayMac))));
}

TEST_P(GatewayOnTc, ArpRequestForAnUnassignedAddressIsFlooded) {
  for (const char* ip : {"10.0.0.4", "10.0.0.9", "192.0.2.1"}) {
    const Frame frame = arp_request(asking("a", ip));
    EXPECT_EQ(from_vm("a", frame).counted.at("b to carried"), 1u) << ip;
    EXPECT_EQ(copies_at("b").size(), 1u) << ip;
  }
}

// The uplink may get the request only as part of a flood, with its tag. Untagged, it would belong
// to another network.
TEST_P(GatewayOnTc, StaleOwnerThatIsAnUplinkIsIgnored) {
  rig_.set_address(kRed, "10.0.0.5", "up", "");
  const Frame frame = arp_request(asking("a", "10.0.0.5"));
  EXPECT_EQ(from_vm("a", frame).counted.at("b to carried"), 1u);
  rig_.set_address(kRed, "10.0.0.5", "d", "");
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "WRONG_NETWORK"));
}

// A VM sends these to detect a duplicate address or to announce a new MAC, so every member must get
// them.
TEST_P(GatewayOnTc, ArpProbeForItsOwnAddressIsFlooded) {
  for (const char* sender : {"0.0.0.0", "10.0.0.1"}) {
    Ends ends = asking("a", "10.0.0.1");
    ends.src_ip = sender;
    EXPECT_EQ(from_vm("a", arp_request(ends)).counted.at("b to carried"), 1u) << sender;
    copies_at("b");
  }
}

TEST_P(Gateway, DoesNotAnswerInAnotherNetwork) {
  const Frame frame = arp_request(asking("d", kGateway));
  EXPECT_EQ(from_vm("d", frame).counted.contains("d to carried"), false);
  const Frame ping = icmp4_echo(asking("d", kGateway, kGatewayText));
  EXPECT_FALSE(from_vm("d", ping).counted.contains("d to carried"));
}

TEST_P(Gateway, SpoofedGatewayMacOrIpIsDropped) {
  const Frame mac = tcp4(Ends::between(kGatewayText, mac_of("b")));
  EXPECT_EQ(from_vm("a", mac), dropped(mac, "a from", "GATEWAY_SPOOFED"));
  Ends ends = Ends::between(mac_of("a"), kBroadcast);
  ends.src_ip = kGateway;
  const Frame arp = arp_request(ends);
  EXPECT_EQ(from_vm("a", arp), dropped(arp, "a from", "GATEWAY_SPOOFED"));
  const Frame reply = with_bytes(arp, [&] {
    Bytes bytes = arp.bytes;
    put_be16(bytes, ETH_HLEN + 6, 2);
    return bytes;
  }());
  EXPECT_EQ(from_vm("a", reply), dropped(reply, "a from", "GATEWAY_SPOOFED"));
  for (const Frame& frame : {mac, arp, reply}) {
    const Frame tagged = frame.tagged(kRedVid);
    EXPECT_EQ(from_uplink(tagged), dropped(tagged, "up from", "GATEWAY_SPOOFED"));
  }
  EXPECT_EQ(learnt_at(kRed, kGatewayText), "");
}

TEST_P(Gateway, AnswersAPing) {
  const Frame frame = ping();
  const Outcome outcome = from_vm("a", frame);
  EXPECT_EQ(outcome, answered(frame, ping_reply(frame.bytes, {10, 0, 0, 254}).value()));
  EXPECT_EQ(checksum_problems(outcome.bytes), "");
}

TEST_P(Gateway, AnswersPingWithTtlOne) {
  const Frame frame = with_header(ping(), kHeader + 8, 1);
  EXPECT_EQ(from_vm("a", frame), answered(frame, ping_reply(frame.bytes, {10, 0, 0, 254}).value()));
}

TEST_P(Gateway, AnswersEveryFragmentOfAPing) {
  for (const uint16_t fragment : {0x2000, 0x20b9, 0x00b9}) {
    Frame frame = ping();
    put_be16(frame.bytes, kHeader + 6, fragment);
    frame = with_header(frame, kHeader + 8, 64);
    EXPECT_EQ(from_vm("a", frame),
              answered(frame, ping_reply(frame.bytes, {10, 0, 0, 254}).value()));
  }
}

TEST_P(Gateway, DropsUnsupportedPackets) {
  const Ends ends = asking("a", kGateway, kGatewayText);
  const Ends beyond = asking("a", "192.0.2.1", kGatewayText);
  for (const Frame& frame : {tcp4(ends), udp4(ends), icmp4_echo(beyond), tcp4(beyond), tcp6(ends),
                             of_ethertype(ends, kTestEthertype)}) {
    EXPECT_EQ(from_vm("a", frame), refused(frame, "NOT_ROUTED"));
  }
  for (const uint8_t type : {0, 3, 5, 13}) {
    Frame frame = ping();
    frame.bytes[kEcho] = type;
    EXPECT_EQ(from_vm("a", frame), refused(frame, "NOT_ROUTED")) << int{type};
  }
}

TEST_P(Gateway, DropsAMalformedPing) {
  const Frame whole = ping();
  for (size_t size = kHeader + 20; size < whole.bytes.size(); ++size) {
    const Frame frame = with_bytes(
        whole, Bytes(whole.bytes.begin(), whole.bytes.begin() + static_cast<long>(size)));
    EXPECT_EQ(from_vm("a", frame), refused(frame, "NOT_ROUTED")) << size;
  }
  for (const auto& [at, byte] : std::map<size_t, uint8_t>{{kHeader, 0x44},
                                                          {kHeader, 0x46},
                                                          {kHeader + 3, 19},
                                                          {kHeader + 3, 27},
                                                          {kHeader + 2, 1},
                                                          {kHeader + 9, 17}}) {
    const Frame frame = with_header(whole, at, byte);
    EXPECT_EQ(from_vm("a", frame), refused(frame, "NOT_ROUTED")) << at;
  }
  Frame bad_sum = whole;
  bad_sum.bytes[kHeader + 10] ^= 1;
  EXPECT_EQ(from_vm("a", bad_sum), refused(bad_sum, "NOT_ROUTED"));
  Ends from_itself = asking("a", kGateway, kGatewayText);
  from_itself.src_ip = kGateway;
  const Frame frame = icmp4_echo(from_itself);
  EXPECT_EQ(from_vm("a", frame), refused(frame, "NOT_ROUTED"));
}

TEST_P(GatewayOnTc, MalformedArpRequestIsFlooded) {
  const Frame whole = arp_request(asking("a", kGateway));
  for (const size_t at : {2, 4, 5}) {
    Frame frame = whole;
    frame.bytes[ETH_HLEN + at] ^= 0x40;
    EXPECT_FALSE(from_vm("a", frame).counted.contains("a to carried")) << at;
    EXPECT_EQ(copies_at("b").size(), 1u) << at;
  }
}

// Linux accepts hardware type 6 (IEEE 802) as Ethernet, and other systems accept more types.
TEST_P(Gateway, SpoofedArpOfAnotherHardwareTypeIsDropped) {
  Ends ends = Ends::between(mac_of("a"), kBroadcast);
  ends.src_ip = kGateway;
  for (const uint16_t hardware : {0, 1, 6, 7, 15, 32, 256, 0xffff}) {
    for (const uint16_t operation : {1, 2}) {
      for (const uint8_t size : {6, 8}) {
        Frame frame = arp_request(ends);
        put_be16(frame.bytes, ETH_HLEN, hardware);
        frame.bytes[ETH_HLEN + 4] = size;
        put_be16(frame.bytes, ETH_HLEN + 6, operation);
        EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "GATEWAY_SPOOFED")) << hardware;
        const Frame tagged = frame.tagged(kRedVid);
        EXPECT_EQ(from_uplink(tagged), dropped(tagged, "up from", "GATEWAY_SPOOFED")) << hardware;
      }
    }
  }
}

TEST_P(Gateway, AnswersArpWithHardwareTypeIeee802) {
  Frame frame = arp_request(asking("a", kGateway));
  put_be16(frame.bytes, ETH_HLEN, 6);
  const Outcome outcome = from_vm("a", frame);
  EXPECT_EQ(outcome.verdict, on_xdp() ? Verdict::kPass : Verdict::kRedirect);
}

TEST_P(Gateway, IsUnreachableFromTheWire) {
  const Frame frame = icmp4_echo(asking("wire", kGateway, kGatewayText)).tagged(kRedVid);
  EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "NOT_ROUTED"));
}

TEST_P(Gateway, DoesNotAnswerAVanishedDevice) {
  rig_.tables().devices.erase(rig_.ifindex("a"));
  const Frame frame = ping();
  EXPECT_EQ(from_vm("a", frame), refused(frame, "NO_DEVICE"));
}

class GatewayLive : public Live {};
INSTANTIATE_TEST_SUITE_P(Hooks, GatewayLive, both_hooks(), hook_name);

// The guest sends the ping with a partial checksum.
TEST_P(GatewayLive, CompletesThePartialChecksumOfAPing) {
  attach_all();
  add_subnet(rig_);
  Frame frame = icmp4_echo(asking("a", kGateway, kGatewayText));
  put_be16(frame.bytes, kEcho + 2, 0);
  frame.vnet = {.flags = kNeedsChecksum, .csum_start = kEcho, .csum_offset = 2};
  send("a", frame);
  const Frames got = seen("a", frame);
  ASSERT_EQ(got.size(), on_xdp() ? 0u : 1u);
  if (on_xdp()) return;
  EXPECT_EQ(checksum_problems(got.front()), "");
  EXPECT_EQ(got.front()[kEcho], 0);
}

}  // namespace
}  // namespace xvnet::test
