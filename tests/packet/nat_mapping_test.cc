// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/mapping.h and session.h: the public port of an inside port, its lifetime, and the
// remotes that may answer. The tests cover RFC 4787, RFC 5382, RFC 5508, RFC 6888 and RFC 7857.
// docs/nat-behaviour.md lists each requirement.
#include <functional>
#include <set>

#include "nat_fixture.h"

namespace xvnet::test {
namespace {

class NatMapping : public NatFixture {
 protected:
  // The public port for an inside port of a.
  uint16_t port_of(uint16_t inside_port, Protocol protocol = Protocol::kUdp) {
    return leaves(out_to(kPeerIp, kPeerPort, protocol, inside_port)).value_or(0);
  }
  void fill(Protocol protocol) {
    for (int i = 0; i < kPublicPorts; ++i)
      ASSERT_NE(port_of(static_cast<uint16_t>(20000 + i), protocol), 0) << i;
  }
  void end_slot(uint16_t port, Protocol protocol) {
    const auto key = slot_key(port, protocol);
    abi::nat_slot ended = slot(port, protocol);
    ended.expires_ns = abi::NAT_SLOT_FREE;
    rig_.tables().nat_slots.put(key, ended);
  }
  void forget_sessions(const std::function<bool(const abi::nat_session&)>& is_forgotten) {
    const Tables& tables = rig_.tables();
    for (const auto& key : tables.nat_sessions.keys()) {
      abi::nat_bucket bucket = tables.nat_sessions.find(key).value_or(abi::nat_bucket{});
      for (abi::nat_session& session : bucket.sessions)
        if (is_forgotten(session)) session = {};
      tables.nat_sessions.put(key, bucket);
    }
  }
  // Opens a TCP connection to the peer with a SYN from both sides.
  uint16_t connect() {
    const Frame syn = with_tcp_flags(out(Protocol::kTcp), tcp::kSyn);
    const uint16_t port = leaves(syn).value_or(0);
    EXPECT_TRUE(arrives(with_tcp_flags(in(Protocol::kTcp, port), tcp::kSyn | tcp::kAck)));
    EXPECT_TRUE(leaves(with_tcp_flags(out(Protocol::kTcp), tcp::kAck)));
    return port;
  }
  void send(uint8_t flags) { EXPECT_TRUE(leaves(with_tcp_flags(out(Protocol::kTcp), flags))); }
  void receive(uint16_t port, uint8_t flags) {
    EXPECT_TRUE(arrives(with_tcp_flags(in(Protocol::kTcp, port), flags)));
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, NatMapping, tc_alone(), hook_name);

// RFC 4787, REQ-1; RFC 5382, REQ-1; RFC 5508, REQ-1.
TEST_P(NatMapping, IsTheSameForEveryRemote) {
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    const auto port = leaves(out_to(kPeerIp, 80, protocol));
    ASSERT_TRUE(port);
    EXPECT_EQ(leaves(out_to(kPeerIp, 81, protocol)), port);
    EXPECT_EQ(leaves(out_to(kOtherPeerIp, 80, protocol)), port);
  }
}

// RFC 4787, REQ-3: a public port has one owner, also when two inside ports want the same.
TEST_P(NatMapping, PublicPortHasOneOwner) {
  for (const Protocol protocol : kAllProtocols) {
    const auto of_a = leaves(out(protocol, "a", "10.0.0.1"), "a");
    const auto of_b = leaves(out(protocol, "b", "10.0.0.2"), "b");
    ASSERT_TRUE(of_a && of_b);
    EXPECT_NE(of_a, of_b);
  }
}

TEST_P(NatMapping, ComesFromTheNetworksOwnPorts) {
  constexpr uint16_t kBlueFirstPort = kRedFirstPort + kPublicPorts;
  for (const Protocol protocol : kAllProtocols) {
    const uint16_t red = leaves(out(protocol)).value_or(0);
    const uint16_t blue = leaves(out(protocol, "d"), "d").value_or(0);
    EXPECT_TRUE(red >= kRedFirstPort && red < kBlueFirstPort) << red;
    EXPECT_TRUE(blue >= kBlueFirstPort && blue < kBlueFirstPort + kPublicPorts) << blue;
  }
}

// RFC 4787, REQ-2; RFC 6888, REQ-2 and REQ-3.
TEST_P(NatMapping, InsideAddressKeepsOnePublicAddress) {
  abi::nat_network rules = rig_.tables().nat_networks.find(kRed).value();
  rules.range_count = 3;
  for (const uint32_t i : {1u, 2u}) {
    rules.ranges[i] = rules.ranges[0];
    rules.ranges[i].address = address_of("203.0.113." + std::to_string(5 + i));
  }
  rig_.set_nat(kRed, rules, 0);
  std::set<std::string> all;
  for (int host = 1; host < 16; ++host) {
    const std::string ip = "10.0.0." + std::to_string(host);
    rig_.set_address(kRed, ip, "a", "");
    std::set<std::string> of_host;
    for (const Protocol protocol : kAllProtocols)
      of_host.insert(endpoints_of(from_vm("a", out(protocol, "a", ip)).bytes).src_ip);
    EXPECT_EQ(of_host.size(), 1u) << ip;
    all.merge(of_host);
  }
  EXPECT_EQ(all.size(), 3u);
}

// RFC 4787, REQ-4.
TEST_P(NatMapping, KeepsTheParity) {
  for (uint16_t inside = 4000; inside < 4020; ++inside)
    EXPECT_EQ(port_of(inside) & 1, inside & 1) << inside;
}

// RFC 6888, REQ-15.
TEST_P(NatMapping, PortsAreUnpredictable) {
  std::set<int> steps;
  uint16_t former = 0;
  for (uint16_t inside = 4000; inside < 4032; inside += 2) {
    const uint16_t port = port_of(inside);
    steps.insert(port - former);
    former = port;
  }
  EXPECT_GT(steps.size(), 3u);
}

// RFC 6888, REQ-11: no mapping is deleted to make room, and the sender gets an ICMP error (RFC
// 5508, REQ-8). Other networks are not affected.
TEST_P(NatMapping, ExhaustedPortsGiveAnIcmpErrorAndAffectNoOthers) {
  fill(Protocol::kUdp);
  const uint16_t first = port_of(20000);
  const Outcome refused = from_vm("a", out_to(kPeerIp, kPeerPort, Protocol::kUdp, 21000));
  EXPECT_EQ(refused.verdict, Verdict::kRedirect);
  EXPECT_EQ(refused.counted, (Counts{{"a from NAT_PORTS_EXHAUSTED", 1}, {"a to carried", 1}}));
  EXPECT_EQ(refused.bytes.at(34), 3);
  EXPECT_EQ(refused.bytes.at(35), 13);
  EXPECT_EQ(checksum_problems(refused.bytes), "");
  EXPECT_EQ(port_of(20000), first);
  EXPECT_TRUE(leaves(out(Protocol::kTcp)));
  EXPECT_TRUE(leaves(out(Protocol::kUdp, "d"), "d"));
}

// RFC 6888, REQ-8: an expired port rests before it is used again. A TCP mapping ends with its last
// connection.
TEST_P(NatMapping, ExpiredPortRestsBeforeReuse) {
  fill(Protocol::kUdp);
  age(301);
  EXPECT_EQ(port_of(21000), 0) << "the expired port rests first";
  age(120);
  const Tables& tables = rig_.tables();
  abi::nat_network rules = tables.nat_networks.find(kRed).value();
  std::ranges::fill(rules.full_until_ns, 0);
  tables.nat_networks.put(kRed, rules);
  EXPECT_NE(port_of(21000), 0);
  EXPECT_LE(tables.nat_mappings.keys().size(), kPublicPorts)
      << "the entry of the expired mapping was not removed";
}

TEST_P(NatMapping, ExpiredMappingUsedAgainKeepsItsPort) {
  const uint16_t port = port_of(kInsidePort);
  age(301);
  EXPECT_FALSE(arrives(in(Protocol::kUdp, port)));
  EXPECT_EQ(port_of(kInsidePort), port);
  EXPECT_TRUE(arrives(in(Protocol::kUdp, port)));
}

// RFC 4787, REQ-5 and REQ-6; RFC 5508, REQ-2.
TEST_P(NatMapping, LifetimesFollowTheRfcs) {
  const uint16_t udp = port_of(kInsidePort);
  EXPECT_NEAR(seconds_left(udp, Protocol::kUdp), 300, 5);
  const uint16_t icmp = leaves(out(Protocol::kIcmp)).value_or(0);
  EXPECT_NEAR(seconds_left(icmp, Protocol::kIcmp), 60, 5);
  age(50);
  EXPECT_TRUE(arrives(in(Protocol::kUdp, udp)));
  EXPECT_NEAR(seconds_left(udp, Protocol::kUdp), 250, 5) << "from outside";
  port_of(kInsidePort);
  EXPECT_NEAR(seconds_left(udp, Protocol::kUdp), 300, 5) << "from inside";
}

// RFC 5382, REQ-5: 2 h 4 min established, 4 min before and after.
TEST_P(NatMapping, TcpLifetimeFollowsTheConnection) {
  const uint16_t port = leaves(with_tcp_flags(out(Protocol::kTcp), tcp::kSyn)).value_or(0);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 240, 5);
  connect();
  EXPECT_EQ(slot(port, Protocol::kTcp).established, 1u);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 7440, 5);
  send(tcp::kFin | tcp::kAck);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 7440, 5) << "the connection is half open";
  receive(port, tcp::kFin | tcp::kAck);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 240, 5);
  EXPECT_EQ(slot(port, Protocol::kTcp).established, 0u);
  age(100);
  send(tcp::kAck);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 140, 5);
}

// RFC 7857, 2.2: a RST may be forged, so it only shortens the connection's lifetime.
TEST_P(NatMapping, TcpConnectionSurvivesAForgedRst) {
  const uint16_t port = connect();
  receive(port, tcp::kRst);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 240, 5);
  send(tcp::kAck);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 7440, 5);
  EXPECT_EQ(slot(port, Protocol::kTcp).established, 1u);
  EXPECT_TRUE(arrives(in(Protocol::kTcp, port)));
}

TEST_P(NatMapping, EndOfOneConnectionKeepsTheOther) {
  const uint16_t port = connect();
  EXPECT_EQ(leaves(with_tcp_flags(out_to(kOtherPeerIp, kPeerPort, Protocol::kTcp), tcp::kSyn)),
            port);
  receive(port, tcp::kRst);
  EXPECT_EQ(slot(port, Protocol::kTcp).established, 0u);
  EXPECT_TRUE(
      arrives(with_tcp_flags(in(Protocol::kTcp, port, kOtherPeerIp), tcp::kSyn | tcp::kAck)));
  EXPECT_TRUE(leaves(out_to(kOtherPeerIp, kPeerPort, Protocol::kTcp)));
  EXPECT_EQ(slot(port, Protocol::kTcp).established, 1u);
  EXPECT_NEAR(seconds_left(port, Protocol::kTcp), 7440, 5);
}

// RFC 5382, REQ-2: both sides open the connection at the same time.
TEST_P(NatMapping, TcpSimultaneousOpenIsAConnection) {
  const uint16_t port = leaves(with_tcp_flags(out(Protocol::kTcp), tcp::kSyn)).value_or(0);
  receive(port, tcp::kSyn);
  send(tcp::kSyn | tcp::kAck);
  receive(port, tcp::kSyn | tcp::kAck);
  send(tcp::kAck);
  EXPECT_EQ(slot(port, Protocol::kTcp).established, 1u);
}

// RFC 4787, REQ-8: filtering is address-dependent.
TEST_P(NatMapping, FilteringIsAddressDependent) {
  const uint16_t port = port_of(kInsidePort);
  EXPECT_TRUE(arrives(in(Protocol::kUdp, port, kPeerIp, 4321)));
  const Frame stranger = in(Protocol::kUdp, port, kOtherPeerIp);
  EXPECT_EQ(from_uplink(stranger), dropped(stranger, "up from", "NAT_FILTERED"));
  const uint16_t tcp = connect();
  EXPECT_TRUE(arrives(with_tcp_flags(in(Protocol::kTcp, tcp, kPeerIp, 4321), tcp::kSyn)));
  const Frame syn = with_tcp_flags(in(Protocol::kTcp, tcp, kOtherPeerIp), tcp::kSyn);
  EXPECT_EQ(from_uplink(syn), dropped(syn, "up from", "NAT_FILTERED"));
}

TEST_P(NatMapping, EndpointIndependentFilteringAdmitsEveryRemote) {
  set_flags(kRed, abi::NAT_ANY_REMOTE);
  EXPECT_TRUE(arrives(in(Protocol::kUdp, port_of(kInsidePort), kOtherPeerIp)));
  EXPECT_TRUE(arrives(with_tcp_flags(
      in(Protocol::kTcp, port_of(kInsidePort, Protocol::kTcp), kOtherPeerIp), tcp::kSyn)));
}

// RFC 4787, REQ-5a: 1,000 queries in a row, each from another inside port, must not need more
// public ports than there are unanswered queries.
TEST_P(NatMapping, AnsweredQueryFreesItsPort) {
  constexpr uint16_t kDomain = 53;
  for (int i = 0; i < 1'000; ++i) {
    const auto inside = static_cast<uint16_t>(20'000 + i);
    const auto port = leaves(out_to(kPeerIp, kDomain, Protocol::kUdp, inside));
    ASSERT_TRUE(port) << i << from_vm("a", out_to(kPeerIp, kDomain, Protocol::kUdp, inside));
    ASSERT_TRUE(arrives(in(Protocol::kUdp, *port, kPeerIp, kDomain))) << i;
  }
}

// A resolver asks for an IPv4 and an IPv6 address at the same time from one port.
TEST_P(NatMapping, PortStaysWhileAQueryIsUnanswered) {
  constexpr uint16_t kDomain = 53;
  const Frame query = out_to(kPeerIp, kDomain, Protocol::kUdp, kInsidePort);
  const uint16_t port = leaves(query).value_or(0);
  EXPECT_EQ(leaves(query), port);
  EXPECT_NEAR(seconds_left(port, Protocol::kUdp), 20, 5);
  EXPECT_TRUE(arrives(in(Protocol::kUdp, port, kPeerIp, kDomain)));
  for (int i = 0; i < kPublicPorts - 1; ++i)
    ASSERT_NE(port_of(static_cast<uint16_t>(20'000 + i)), 0) << i;
  EXPECT_EQ(port_of(30'000), 0) << "all ports are in use";
  EXPECT_TRUE(arrives(in(Protocol::kUdp, port, kPeerIp, kDomain)));
}

TEST_P(NatMapping, MixedTrafficIsNotAQueryMapping) {
  const uint16_t port = leaves(out_to(kPeerIp, 53, Protocol::kUdp, kInsidePort)).value_or(0);
  EXPECT_EQ(port_of(kInsidePort), port);
  EXPECT_NEAR(seconds_left(port, Protocol::kUdp), 300, 5);
  EXPECT_EQ(slot(port, Protocol::kUdp).flags, 0);
}

// The test acts like nmap -sS -F: it sends SYNs from one port to many ports of a remote, and resets
// each connection that is answered.
TEST_P(NatMapping, OnePortReachesEveryPortOfARemote) {
  for (uint16_t remote = 1; remote <= 500; ++remote) {
    const auto syn = with_tcp_flags(out_to(kPeerIp, remote, Protocol::kTcp), tcp::kSyn);
    const auto port = leaves(syn);
    ASSERT_TRUE(port) << remote;
    const auto answer =
        with_tcp_flags(in(Protocol::kTcp, *port, kPeerIp, remote), tcp::kSyn | tcp::kAck);
    ASSERT_TRUE(arrives(answer)) << remote;
    ASSERT_TRUE(leaves(with_tcp_flags(out_to(kPeerIp, remote, Protocol::kTcp), tcp::kRst)))
        << remote;
  }
}

// The sessions of the previous owner may outlive its mapping. They must not admit remotes for the
// next owner. One port may have no room for a new session because of them, so the test tries
// several.
TEST_P(NatMapping, SessionsOfThePreviousOwnerAreNotReused) {
  fill(Protocol::kUdp);
  for (uint16_t port = kRedFirstPort; port < kRedFirstPort + kPublicPorts; ++port)
    end_slot(port, Protocol::kUdp);
  Ends ends = Ends::between(mac_of("b"), kGatewayMacText);
  ends.src_ip = "10.0.0.2";
  ends.dst_ip = kPeerIp;
  ends.dst_port = kPeerPort;
  uint16_t port = 0;
  for (ends.src_port = 30'000; !port && ends.src_port < 30'000 + kPublicPorts; ++ends.src_port)
    port = leaves(frame_between(Protocol::kUdp, ends), "b").value_or(0);
  ASSERT_TRUE(arrives(in(Protocol::kUdp, port), "b"));
  const auto generation = slot(port, Protocol::kUdp).generation;
  forget_sessions(
      [&](const abi::nat_session& session) { return session.generation == generation; });
  const Frame stranger = in(Protocol::kUdp, port);
  EXPECT_EQ(from_uplink(stranger), dropped(stranger, "up from", "NAT_FILTERED"));
}

// RFC 6888, REQ-5: the number of sessions of a network is limited too.
TEST_P(NatMapping, ExhaustedSessionsGiveAnIcmpErrorAndKeepOldOnes) {
  const auto to_peer = [&](int i) {
    return out_to("192.0.2." + std::to_string(1 + i % 126), 80, Protocol::kUdp,
                  static_cast<uint16_t>(20000 + i / 126));
  };
  const uint16_t first = leaves(to_peer(0)).value_or(0);
  Outcome outcome;
  int made = 1;
  for (; made < 1000; ++made) {
    outcome = from_vm("a", to_peer(made));
    if (!outcome.counted.contains("up to carried")) break;
  }
  EXPECT_GT(made, 32 * NAT_BUCKET_SIZE / 4) << "of the slots in its buckets";
  EXPECT_EQ(outcome.counted, (Counts{{"a from NAT_SESSIONS_EXHAUSTED", 1}, {"a to carried", 1}}));
  EXPECT_EQ(leaves(to_peer(0)), first);
  EXPECT_TRUE(leaves(out(Protocol::kUdp, "d"), "d"));
}

}  // namespace
}  // namespace xvnet::test
