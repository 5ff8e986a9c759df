// SPDX-License-Identifier: BSD-2-Clause
//
// The same questions to xvnet and to what is used instead: a Linux router with nft's masquerade,
// beside it on the same internet. What the standards ask for the one does and the other does not,
// so the questions do tell them apart.
#include <array>

#include "nat_lab.h"

namespace xvnet::test {
namespace {

constexpr uint16_t kInsidePort = 4000;
constexpr const char* kWanIp = "10.99.0.1";
constexpr const char* kWanGateway = "10.99.0.254";

// A router with two machines, each on a link of its own.
class NftRouter {
 public:
  explicit NftRouter(const NetNs& internet) {
    connect(internet, "wan", "nft0", kWanIp, kWanGateway);
    connect(first, "lan1", "eth0", "10.1.0.1", "10.1.0.2");
    connect(second, "lan2", "eth0", "10.2.0.1", "10.2.0.2");
    first.must({"ip", "route", "add", "default", "via", "10.1.0.1"});
    second.must({"ip", "route", "add", "default", "via", "10.2.0.1"});
    router_.must({"ip", "route", "add", "default", "via", kWanGateway});
    router_.set_sysctl("net.ipv4.ip_forward", "1");
    router_.must({"nft",
                  "table ip nat { chain post { type nat hook postrouting priority 100; "
                  "oif \"wan\" masquerade; }; }"});
  }

  NetNs first, second;

 private:
  void connect(const NetNs& other, const std::string& dev, const std::string& other_dev,
               const std::string& ip, const std::string& other_ip) {
    add_veth(router_, dev, other, other_dev);
    add_address(router_, dev, ip + "/24");
    add_address(other, other_dev, other_ip + "/24");
    set_up(router_, dev);
    set_up(other, other_dev);
    await_ready(router_, dev);
  }

  NetNs router_;
};

class BesideNft : public NatLab {
 protected:
  BesideNft() : nft_(internet) {
    add_network("red");
    first_ = add_guest("c1", "red");
    second_ = add_guest("c2", "red", "10.0.0.3");
  }

  // The public port that a socket of a machine has towards a remote.
  uint16_t port_towards(const char* remote, const UdpSocket& socket) {
    const UdpSocket service(internet, remote, kService);
    socket.send(remote, kService, "question");
    const auto question = service.receive();
    if (!question) throw SetupError("a question did not get to the internet");
    return question->port;
  }
  // Those of the second of two machines that speak from the same port: towards a remote that is its
  // alone, and then towards one that the first speaks to.
  std::array<uint16_t, 2> contended_ports(const NetNs& first, const NetNs& second) {
    const UdpSocket of_first(first, "0.0.0.0", kInsidePort);
    const UdpSocket of_second(second, "0.0.0.0", kInsidePort);
    const uint16_t taken = port_towards(kInternetIp, of_first);
    const uint16_t alone = port_towards(kFarIp, of_second);
    const uint16_t contended = port_towards(kInternetIp, of_second);
    EXPECT_NE(contended, taken);
    return {alone, contended};
  }
  // Whether a machine hears a remote that it asked answer from another port than it asked at.
  bool hears_another_port(const NetNs& machine) {
    const UdpSocket service(internet, kInternetIp, kService);
    const UdpSocket another(internet, kInternetIp, kService + 1);
    const UdpSocket client(machine, "0.0.0.0", 0);
    client.send(kInternetIp, kService, "question");
    const auto question = service.receive();
    if (!question) throw SetupError("a question did not get to the internet");
    another.send(question->ip, question->port, "from another port");
    service.send(question->ip, question->port, "from the same");
    const auto heard = client.receive();
    return heard && heard->text == "from another port";
  }

  NftRouter nft_;
  std::unique_ptr<Guest> first_, second_;
};
XVNET_IN_BOTH_MODES(BesideNft);

// RFC 4787, REQ-1: one mapping for all remotes, also where another machine has the port.
TEST_P(BesideNft, ASocketHasOnePortUnderContention) {
  const auto ours = contended_ports(first_->ns, second_->ns);
  EXPECT_EQ(ours[0], ours[1]);
  const auto theirs = contended_ports(nft_.first, nft_.second);
  EXPECT_NE(theirs[0], theirs[1]);
}

// RFC 4787, REQ-8: whom a machine has spoken to may answer from any port.
TEST_P(BesideNft, ARemoteMayAnswerFromAnotherPort) {
  EXPECT_TRUE(hears_another_port(first_->ns));
  EXPECT_FALSE(hears_another_port(nft_.first));
}

}  // namespace
}  // namespace xvnet::test
