// SPDX-License-Identifier: BSD-2-Clause
//
// SNAT between the network stacks of nat_lab.h.
#include "nat_lab.h"

namespace xvnet::test {
namespace {

class Nat : public NatLab {};
XVNET_IN_BOTH_MODES(Nat);

TEST_P(Nat, TenantsWithTheSameAddressesReachTheInternet) {
  add_network("red");
  add_network("blue");
  const auto red = add_guest("c1", "red");
  const auto blue = add_guest("c2", "blue");
  for (const char* to : {kInternetIp, kFarIp}) {
    const auto of_red = exchange(*red, to);
    const auto of_blue = exchange(*blue, to);
    ASSERT_TRUE(of_red && of_blue) << to;
    EXPECT_EQ(of_red->ip, kHostIp);
    EXPECT_EQ(of_blue->ip, kHostIp);
    EXPECT_NE(of_red->port, of_blue->port);
    for (const auto& guest : {&red, &blue}) {
      const CommandResult result = ping(**guest, {to});
      EXPECT_TRUE(result.ok()) << result.describe();
    }
  }
}

TEST_P(Nat, TcpTransferArrivesIntact) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  Transfer transfer(red->ns, internet, kInternetIp);
  expect_intact(transfer);
}

// Fragmented ICMP and UDP packets, in both directions. tests/packet covers their order.
TEST_P(Nat, CarriesFragmentedDatagrams) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  const CommandResult large = ping(*red, {"-s", "4000", kInternetIp});
  EXPECT_TRUE(large.ok()) << large.describe();
  const std::string question(5000, 'q');
  const std::string answer(6000, 'a');
  const UdpSocket service(internet, kInternetIp, kService);
  const UdpSocket client(red->ns, "0.0.0.0", 0);
  client.send(kInternetIp, kService, question);
  const auto asked = service.receive();
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->text == question);
  EXPECT_EQ(asked->ip, kHostIp);
  service.send(asked->ip, asked->port, answer);
  const auto answered = client.receive();
  ASSERT_TRUE(answered);
  EXPECT_TRUE(answered->text == answer);
}

// SNAT is off for these destinations, so they need a route back to the VMs.
TEST_P(Nat, SkipsExemptDestinations) {
  add_network("red", {"--snat", "auto", "--snat-except", "192.0.2.0/24"});
  add_network("blue");
  const auto red = add_guest("c1", "red");
  const auto blue = add_guest("c2", "blue");
  internet.must({"ip", "route", "add", "10.0.0.0/24", "via", kHostIp});
  EXPECT_EQ(exchange(*red, kFarIp).value_or(Datagram{}).ip, "10.0.0.2");
  EXPECT_EQ(exchange(*red).value_or(Datagram{}).ip, kHostIp);
  EXPECT_EQ(exchange(*blue, kFarIp).value_or(Datagram{}).ip, kHostIp);
  // The exempt destination can also open connections.
  EXPECT_TRUE(internet.run({"ping", "-n", "-c", "1", "-W", "10", "-I", kFarIp, "10.0.0.2"}).ok());
  const CommandResult both =
      lab.host.xvnet({"network", "set", "blue", "--snat-except", "198.51.100.254/32"});
  EXPECT_EQ(both.exit_code, 1);
  EXPECT_NE(both.err.find("an answer could be for either"), std::string::npos) << both.describe();
  lab.host.must({"network", "set", "red", "--snat-except", "none"});
  EXPECT_EQ(exchange(*red, kFarIp).value_or(Datagram{}).ip, kHostIp);
}

TEST_P(Nat, TracerouteShowsTheGateway) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  const CommandResult result = ping(*red, {"-t", "1", kFarIp});
  EXPECT_NE(result.out.find("From 10.0.0.1"), std::string::npos) << result.describe();
  EXPECT_NE(result.out.find("Time to live exceeded"), std::string::npos) << result.describe();
}

TEST_P(Nat, PathMtuIsReportedToTheSender) {
  set_mtu(lab.ns(), "eth0", 1400);
  add_network("red");
  const auto red = add_guest("c1", "red");
  const CommandResult result = ping(*red, {"-M", "do", "-s", "1400", kFarIp});
  EXPECT_NE(result.out.find("mtu = 1400"), std::string::npos) << result.describe();
}

TEST_P(Nat, FirstFrameIsHeldUntilTheNeighbourIsResolved) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  lab.ns().must({"ip", "neigh", "flush", "dev", "eth0"});
  EXPECT_TRUE(exchange(*red));
}

TEST_P(Nat, PoolAddressIsAnsweredByArp) {
  add_network("red", {"--snat", kPoolIp});
  const auto red = add_guest("c1", "red");
  const auto seen = exchange(*red);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->ip, kPoolIp);
  const auto neighbour = internet.must({"ip", "neigh", "show", kPoolIp}).out;
  EXPECT_NE(neighbour.find(mac_of(lab.ns(), "eth0")), std::string::npos) << neighbour;
}

// A new owner announces its address, so that neighbours stop sending to the previous owner.
TEST_P(Nat, NewPoolAddressIsAnnounced) {
  internet.must(
      {"ip", "neigh", "replace", kPoolIp, "lladdr", kMacUnknown, "dev", "eth0", "nud", "stale"});
  add_network("red", {"--snat", kPoolIp});
  EXPECT_TRUE(eventually([&] {
    return internet.must({"ip", "neigh", "show", kPoolIp}).out.find(mac_of(lab.ns(), "eth0")) !=
           std::string::npos;
  }));
}

// The host's own sockets work in both directions, and so does everything that the NAT does not use.
TEST_P(Nat, HostTrafficIsNotTranslated) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  ASSERT_TRUE(exchange(*red));
  const UdpSocket service(lab.ns(), kHostIp, 53);
  const UdpSocket outside(internet, kInternetIp, 0);
  outside.send(kHostIp, 53, "from outside");
  ASSERT_TRUE(service.receive());
  const UdpSocket client(lab.ns(), kHostIp, 0);
  const UdpSocket far(internet, kFarIp, kService);
  client.send(kFarIp, kService, "from the host");
  const auto got = far.receive();
  ASSERT_TRUE(got);
  far.send(got->ip, got->port, "answer");
  EXPECT_TRUE(client.receive());
}

TEST_P(Nat, GuestCannotReachTheHost) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  ASSERT_TRUE(exchange(*red));
  const UdpSocket service(lab.ns(), "0.0.0.0", 53);
  const UdpSocket client(red->ns, "0.0.0.0", 0);
  for (const char* ip : {kHostIp, "10.0.0.1", "127.0.0.1"}) client.send(ip, 53, "question");
  ASSERT_TRUE(exchange(*red)) << "after the attempts";
  EXPECT_FALSE(service.receive_now());
}

// An outside host reaches a VM only after the VM has sent to it. On the host's own address, the
// host's stack gets the stray frame, and its ICMP error is not sent.
TEST_P(Nat, UnsolicitedFramesAreFiltered) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  const UdpSocket service(internet, kInternetIp, kService);
  const UdpSocket client(red->ns, "10.0.0.2", 4000);
  client.send(kInternetIp, kService, "question");
  const auto question = service.receive();
  ASSERT_TRUE(question);
  const UdpSocket stranger(internet, kFarIp, kService);
  stranger.send(kHostIp, question->port, "stranger");
  service.send(kHostIp, question->port, "answer");
  const auto first = client.receive();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->text, "answer");
  EXPECT_FALSE(client.receive_now());
  EXPECT_TRUE(eventually([&] { return lab.host.drops("eth0", "to_uplink", "unsolicited") == 1; }));
}

TEST_P(Nat, PortsAreReservedUntilTheNetworkIsRemoved) {
  const std::string before = reserved_ports();
  add_network("red", {"--snat", "auto", "--snat-ports", "64"});
  EXPECT_NE(reserved_ports(), before);
  lab.host.must({"network", "del", "red"});
  EXPECT_EQ(reserved_ports(), before);
}

TEST_P(Nat, ShowNatListsMappings) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  const auto seen = exchange(*red);
  ASSERT_TRUE(seen);
  const auto shown = lab.host.json({"show", "nat"});
  ASSERT_EQ(shown.size(), 1u) << shown.dump();
  EXPECT_EQ(shown[0].at("network"), "red");
  EXPECT_EQ(shown[0].at("protocol"), "udp");
  EXPECT_NE(shown[0].dump().find(std::to_string(seen->port)), std::string::npos) << shown.dump();
  EXPECT_NE(shown[0].dump().find("10.0.0.2"), std::string::npos) << shown.dump();
  EXPECT_TRUE(lab.host.json({"show", "nat", "--address", "10.0.0.3"}).empty());
}

TEST_P(Nat, DetachAndNetworkDelRemoveMappings) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  ASSERT_TRUE(exchange(*red));
  lab.host.must({"detach", "c1"});
  EXPECT_TRUE(lab.host.json({"show", "nat"}).empty());
  lab.host.must({"network", "del", "red"});
  add_network("red");
  lab.host.attach("c1", with_mode({"--network", "red", "--ip", "10.0.0.2"}));
  await_ready(red->ns, "eth0");
  EXPECT_TRUE(exchange(*red));
}

TEST_P(Nat, SnatNoneStopsTranslation) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  ASSERT_TRUE(exchange(*red));
  lab.host.must({"network", "set", "red", "--snat", "none"});
  const UdpSocket client(red->ns, "0.0.0.0", 0);
  client.send(kFarIp, kService, "question");
  EXPECT_TRUE(eventually([&] { return lab.host.drops("c1", "from_vm", "not_routed") == 1; }));
  lab.host.must({"network", "set", "red", "--snat", "auto"});
  EXPECT_TRUE(exchange(*red));
}

TEST_P(Nat, UpgradeKeepsTheMappings) {
  add_network("red");
  const auto red = add_guest("c1", "red");
  ASSERT_TRUE(exchange(*red));
  const auto before = lab.host.json({"show", "nat"});
  lab.host.must({"upgrade"});
  EXPECT_EQ(lab.host.json({"show", "nat"}).size(), before.size());
  EXPECT_TRUE(exchange(*red));
}

}  // namespace
}  // namespace xvnet::test
