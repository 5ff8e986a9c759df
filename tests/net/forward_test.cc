// SPDX-License-Identifier: BSD-2-Clause
//
// Forwards and floating addresses, between the network stacks of nat_lab.h.
#include "nat_lab.h"

namespace xvnet::test {
namespace {

class Forward : public NatLab {
 protected:
  Forward() { add_network("red"); }
};
XVNET_IN_BOTH_MODES(Forward);

TEST_P(Forward, OfTheHostsAddressReachesAVmThatHasNotSent) {
  const auto red = add_guest("c1", "red");
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  const auto question = ask(internet, kHostIp, kForwardedPort, *red, kServicePort);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->ip, kInternetIp);
  EXPECT_GE(lab.host.drops("eth0", "from_uplink", "mac_unknown"), 1u);
}

TEST_P(Forward, OfAPortRangeKeepsThePorts) {
  const auto red = add_guest("c1", "red");
  forward({"red", "udp", "203.0.113.5:8000-8010", "10.0.0.2"});
  for (const uint16_t port : {8000, 8005, 8010})
    EXPECT_TRUE(ask(internet, kPoolIp, port, *red, port)) << port;
}

TEST_P(Forward, TcpTransferArrivesIntact) {
  const auto red = add_guest("c1", "red");
  forward({"red", "tcp", "203.0.113.5:5001", "10.0.0.2"});
  Transfer transfer(internet, red->ns, kPoolIp, "10.0.0.2");
  expect_intact(transfer);
}

// The forward's address differs from the VM's SNAT address. Fragments of the VM's replies must
// leave from the forward's address.
TEST_P(Forward, OfAPortCarriesFragmentedDatagrams) {
  const auto red = add_guest("c1", "red");
  forward({"red", "udp", "203.0.113.5:2222", "10.0.0.2:22"});
  ASSERT_TRUE(ask(internet, kPoolIp, kForwardedPort, *red, kServicePort));
  const std::string question(5000, 'q');
  const UdpSocket service(red->ns, "0.0.0.0", kServicePort);
  const UdpSocket client(internet, "0.0.0.0", 0);
  client.send(kPoolIp, kForwardedPort, question);
  const auto asked = service.receive();
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->text == question);
  service.send(asked->ip, asked->port, asked->text);
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->text == question);
  EXPECT_EQ(answer->ip, kPoolIp);
}

TEST_P(Forward, WorksFromTheSameAndFromAnotherNetwork) {
  add_network("blue");
  const auto red = add_guest("c1", "red");
  const auto neighbour = add_guest("c2", "red", "10.0.0.3");
  const auto blue = add_guest("c3", "blue", "10.0.0.2");
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  for (const auto* from : {&neighbour, &blue}) {
    const auto question = ask((*from)->ns, kHostIp, kForwardedPort, *red, kServicePort);
    ASSERT_TRUE(question);
    EXPECT_EQ(question->ip, kHostIp);
  }
}

TEST_P(Forward, OfAFloatingAddressCoversEveryPortAndProtocol) {
  const auto red = add_guest("c1", "red");
  const auto neighbour = add_guest("c2", "red", "10.0.0.3");
  forward({"red", "all", kFloatingIp, "10.0.0.2"});
  EXPECT_TRUE(eventually(
      [&] { return internet.run({"ping", "-n", "-c", "1", "-W", "1", kFloatingIp}).ok(); }));
  EXPECT_TRUE(ask(internet, kFloatingIp, kServicePort, *red, kServicePort));
  const auto of_red = exchange(*red);
  const auto of_neighbour = exchange(*neighbour);
  ASSERT_TRUE(of_red && of_neighbour);
  EXPECT_EQ(of_red->ip, kFloatingIp);
  EXPECT_EQ(of_neighbour->ip, kHostIp);
  // Fragments pass in both directions without any NAT state.
  const CommandResult large =
      internet.run({"ping", "-n", "-c", "1", "-W", "10", "-s", "4000", kFloatingIp});
  EXPECT_TRUE(large.ok()) << large.describe();
  EXPECT_TRUE(ask(neighbour->ns, kFloatingIp, kServicePort, *red, kServicePort));
}

TEST_P(Forward, OpensNoOtherPort) {
  const auto red = add_guest("c1", "red");
  forward({"red", "udp", "203.0.113.5:2222", "10.0.0.2:22"});
  ASSERT_TRUE(ask(internet, kPoolIp, kForwardedPort, *red, kServicePort));
  const UdpSocket near(red->ns, "0.0.0.0", 23);
  const UdpSocket same(red->ns, "0.0.0.0", kForwardedPort);
  const UdpSocket client(internet, "0.0.0.0", 0);
  for (const uint16_t port : {22, 23, 2221, 2223}) client.send(kPoolIp, port, "question");
  EXPECT_TRUE(
      eventually([&] { return lab.host.drops("eth0", "from_uplink", "nat_no_mapping") == 4; }));
  EXPECT_FALSE(near.receive_now());
  EXPECT_FALSE(same.receive_now());
}

TEST_P(Forward, DelClosesItAndFreesTheHostsPort) {
  const auto red = add_guest("c1", "red");
  const std::string before = reserved_ports();
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  ASSERT_TRUE(ask(internet, kHostIp, kForwardedPort, *red, kServicePort));
  lab.host.must({"forward", "del", "red", "udp", "198.51.100.1:2222"});
  EXPECT_EQ(reserved_ports(), before);
  const UdpSocket own(lab.ns(), kHostIp, kForwardedPort);
  const UdpSocket client(internet, "0.0.0.0", 0);
  client.send(kHostIp, kForwardedPort, "question");
  EXPECT_TRUE(own.receive());
}

TEST_P(Forward, OfAPortThatTheHostListensOnIsRefused) {
  const UdpSocket own(lab.ns(), "0.0.0.0", kForwardedPort);
  const CommandResult result =
      lab.host.xvnet({"forward", "add", "red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("a socket of the host uses port 2222"), std::string::npos)
      << result.describe();
  forward({"red", "tcp", "198.51.100.1:2222", "10.0.0.2:22"});
  // An IPv6 socket that also accepts IPv4.
  const RunningCommand listener({"busybox", "nc", "-l", "-p", "2223"},
                                {.netns_path = lab.ns().path(), .environment = {}});
  EXPECT_TRUE(eventually([&] {
    return lab.host
        .xvnet({"forward", "add", "red", "tcp", "198.51.100.1:2223", "10.0.0.2:23", "--dry-run"})
        .err.contains("a socket of the host uses port 2223");
  }));
}

TEST_P(Forward, FollowsTheAddressToAnotherPort) {
  auto red = add_guest("c1", "red");
  forward({"red", "udp", "203.0.113.5:2222", "10.0.0.2:22"});
  ASSERT_TRUE(ask(internet, kPoolIp, kForwardedPort, *red, kServicePort));
  lab.host.must({"detach", "c1"});
  EXPECT_EQ(lab.host.json({"show", "forwards"})[0].at("dev"), nullptr);
  const auto other = add_guest("c2", "red");
  ASSERT_TRUE(ask(internet, kPoolIp, kForwardedPort, *other, kServicePort));
  EXPECT_EQ(lab.host.json({"show", "forwards"})[0].at("dev"), "c2");
}

TEST_P(Forward, ShowForwardsListsPublicAndInsideEnds) {
  const auto red = add_guest("c1", "red");
  forward({"red", "udp", "203.0.113.5:2222", "10.0.0.2:22"});
  forward({"red", "all", kFloatingIp, "10.0.0.9"});
  ASSERT_TRUE(ask(internet, kPoolIp, kForwardedPort, *red, kServicePort));
  const auto shown = lab.host.json({"show", "forwards"});
  ASSERT_EQ(shown.size(), 2u) << shown.dump();
  EXPECT_EQ(shown[0].at("protocol"), "all");
  EXPECT_EQ(shown[0].at("outside_port"), nullptr);
  EXPECT_EQ(shown[1].at("outside_port"), 2222);
  EXPECT_EQ(shown[1].at("inside_ip"), "10.0.0.2");
  EXPECT_GT(shown[1].at("sent"), 0);
  EXPECT_GT(shown[1].at("received"), 0);
  const std::string text = lab.host.must({"show", "forwards"}).out;
  EXPECT_NE(text.find("203.0.113.5:2222"), std::string::npos) << text;
  EXPECT_TRUE(lab.host.json({"show", "nat"}).empty());
}

TEST_P(Forward, SurvivesUpgrade) {
  const auto red = add_guest("c1", "red");
  forward({"red", "udp", "203.0.113.5:2222", "10.0.0.2:22"});
  ASSERT_TRUE(ask(internet, kPoolIp, kForwardedPort, *red, kServicePort));
  lab.host.must({"upgrade"});
  EXPECT_TRUE(ask(internet, kPoolIp, kForwardedPort, *red, kServicePort));
}

}  // namespace
}  // namespace xvnet::test
