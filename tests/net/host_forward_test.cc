// SPDX-License-Identifier: BSD-2-Clause
//
// The host itself uses forwards: those of its own address through lo, and others through the
// uplink. A forward must not give a VM further access to the host.
#include <algorithm>

#include "nat_lab.h"
#include "packet_socket.h"

namespace xvnet::test {
namespace {

constexpr uint16_t kOwnPort = 2300;

class HostForward : public NatLab {
 protected:
  HostForward() {
    add_network("red");
    red_ = add_guest("c1", "red");
  }

  // The host sends a request, and the VM answers.
  bool asks(const std::string& ip, uint16_t port = kForwardedPort) {
    const auto question = ask(lab.ns(), ip, port, *red_, kServicePort);
    return question && question->ip == kHostIp;
  }
  bool pings(const std::string& ip) {
    return eventually([&] { return lab.ns().run({"ping", "-n", "-c", "1", "-W", "1", ip}).ok(); });
  }
  // The bytes that the host fetches from a VM over TCP, in many segments.
  std::string bytes_fetched(const std::string& ip, uint16_t port) {
    const RunningCommand server({"busybox", "nc", "-l", "-p", std::to_string(kServicePort), "-e",
                                 "head", "-c", "4000000", "/dev/zero"},
                                {.netns_path = red_->ns.path(), .environment = {}});
    std::string bytes;
    const std::string fetch =
        "busybox nc " + ip + " " + std::to_string(port) + " </dev/null | wc -c";
    eventually([&] {
      bytes = lab.ns().run({"sh", "-c", fetch}).out;
      return bytes != "0\n";
    });
    return bytes;
  }
  std::string accepts_local() const {
    return lab.ns().must({"sysctl", "-n", "net.ipv4.conf.lo.accept_local"}).out;
  }

  std::unique_ptr<Guest> red_;
};
XVNET_IN_BOTH_MODES(HostForward);

TEST_P(HostForward, OfTheHostsAddressReachesTheVm) {
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  EXPECT_TRUE(asks(kHostIp));
}

TEST_P(HostForward, OfAPoolAddressBypassesTheWire) {
  forward({"red", "udp", "203.0.113.5:2222", "10.0.0.2:22"});
  PacketSocket wire(internet, "eth0");
  EXPECT_TRUE(asks(kPoolIp));
  const std::string question = "question";
  while (const auto heard = wire.receive())
    EXPECT_TRUE(std::ranges::search(heard->bytes, question).empty());
}

TEST_P(HostForward, TcpTransferArrivesIntact) {
  forward({"red", "tcp", "198.51.100.1:5001", "10.0.0.2"});
  Transfer transfer(lab.ns(), red_->ns, kHostIp, "10.0.0.2");
  expect_intact(transfer);
}

TEST_P(HostForward, TcpTransferToAPoolAddressArrivesIntact) {
  forward({"red", "tcp", "203.0.113.5:5001", "10.0.0.2"});
  Transfer transfer(lab.ns(), red_->ns, kPoolIp, "10.0.0.2");
  expect_intact(transfer);
}

TEST_P(HostForward, TcpTransferFromTheVmArrivesIntact) {
  forward({"red", "tcp", "198.51.100.1:2222", "10.0.0.2:22"});
  EXPECT_EQ(bytes_fetched(kHostIp, kForwardedPort), "4000000\n");
}

TEST_P(HostForward, TcpTransferFromAPoolAddressArrivesIntact) {
  forward({"red", "tcp", "203.0.113.5:2222", "10.0.0.2:22"});
  EXPECT_EQ(bytes_fetched(kPoolIp, kForwardedPort), "4000000\n");
}

TEST_P(HostForward, OfAFloatingAddressCoversEveryPort) {
  forward({"red", "all", kFloatingIp, "10.0.0.2"});
  EXPECT_TRUE(pings(kFloatingIp));
  EXPECT_TRUE(asks(kFloatingIp, kServicePort));
}

// A VM cannot reach the host before the host has sent to it, or at a port that the host did not
// use.
TEST_P(HostForward, VmCannotReachTheHostUnsolicited) {
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  forward({"red", "udp", "203.0.113.5:2223", "10.0.0.2:23"});
  const UdpSocket own(lab.ns(), "0.0.0.0", kOwnPort);
  const UdpSocket near(red_->ns, "0.0.0.0", kServicePort);
  const UdpSocket other(red_->ns, "0.0.0.0", 23);
  const UdpSocket speaker(red_->ns, "0.0.0.0", 24);
  const auto send_all = [&](uint16_t port) {
    for (const auto* socket : {&near, &other, &speaker}) socket->send(kHostIp, port, "hello");
  };
  send_all(kOwnPort);
  EXPECT_FALSE(own.receive_now());
  own.send(kHostIp, kForwardedPort, "question");
  ASSERT_TRUE(eventually([&] {
    own.send(kHostIp, kForwardedPort, "question");
    return near.receive_now().has_value();
  }));
  const UdpSocket beside(lab.ns(), "0.0.0.0", kOwnPort + 1);
  send_all(kOwnPort + 1);
  send_all(kOwnPort);
  const auto answer = own.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->port, kForwardedPort);
  EXPECT_FALSE(own.receive_now());
  EXPECT_FALSE(beside.receive_now());
}

TEST_P(HostForward, OtherPortsOfTheHostsAddressStayLocal) {
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  const UdpSocket own(lab.ns(), kHostIp, kOwnPort);
  const UdpSocket client(lab.ns(), kHostIp, 0);
  const std::string large(20000, 'x');
  client.send(kHostIp, kOwnPort, large);
  const auto received = own.receive();
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->text == large);
  EXPECT_TRUE(pings(kHostIp));
}

TEST_P(HostForward, DelRestoresLo) {
  const std::string before = accepts_local();
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  ASSERT_TRUE(asks(kHostIp));
  lab.host.must({"forward", "del", "red", "udp", "198.51.100.1:2222"});
  EXPECT_EQ(accepts_local(), before);
  const UdpSocket own(lab.ns(), kHostIp, kForwardedPort);
  const UdpSocket client(lab.ns(), kHostIp, 0);
  client.send(kHostIp, kForwardedPort, "question");
  EXPECT_TRUE(own.receive());
}

TEST_P(HostForward, DoctorReportsChangesOfLoAndUplinkAddRepairs) {
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  ASSERT_TRUE(asks(kHostIp));
  ASSERT_TRUE(lab.ns().set_sysctl("net.ipv4.conf.lo.accept_local", "0"));
  EXPECT_NE(lab.host.xvnet({"doctor"}).out.find("accept_local was turned off"), std::string::npos);
  lab.host.uplink_add("eth0", with_mode({}));
  EXPECT_EQ(lab.host.xvnet({"doctor"}).out.find("accept_local"), std::string::npos);
  EXPECT_TRUE(asks(kHostIp));
}

TEST_P(HostForward, SurvivesUpgrade) {
  forward({"red", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  ASSERT_TRUE(asks(kHostIp));
  lab.host.must({"upgrade"});
  EXPECT_TRUE(asks(kHostIp));
}

}  // namespace
}  // namespace xvnet::test
