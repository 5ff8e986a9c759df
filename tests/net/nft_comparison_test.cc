// SPDX-License-Identifier: BSD-2-Clause
//
// Compares xvnet with a Linux router that uses nft's masquerade, on the same internet. Each test
// checks a requirement that xvnet meets and the router does not. So the test can tell the two
// apart.
#include <array>

#include "nat_lab.h"

namespace xvnet::test {
namespace {

constexpr uint16_t kInsidePort = 4000;
constexpr const char* kWanIp = "10.99.0.1";
constexpr const char* kWanGateway = "10.99.0.254";

// A router with two machines, each on its own link.
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

class NatComparedWithNft : public NatLab {
 protected:
  NatComparedWithNft() : nft_(internet) {
    add_network("red");
    first_ = add_guest("c1", "red");
    second_ = add_guest("c2", "red", "10.0.0.3");
  }

  // The public port of a machine's socket towards a remote.
  uint16_t port_towards(const char* remote, const UdpSocket& socket) {
    const UdpSocket service(internet, remote, kService);
    socket.send(remote, kService, "question");
    const auto question = service.receive();
    if (!question) throw SetupError("a question did not get to the internet");
    return question->port;
  }
  // Two machines send from the same port. Returns the second machine's public ports: first towards
  // a remote that only it uses, then towards a remote that the first machine uses too.
  std::array<uint16_t, 2> contended_ports(const NetNs& first, const NetNs& second) {
    const UdpSocket of_first(first, "0.0.0.0", kInsidePort);
    const UdpSocket of_second(second, "0.0.0.0", kInsidePort);
    const uint16_t taken = port_towards(kInternetIp, of_first);
    const uint16_t alone = port_towards(kFarIp, of_second);
    const uint16_t contended = port_towards(kInternetIp, of_second);
    EXPECT_NE(contended, taken);
    return {alone, contended};
  }
  // True when a remote's answer reaches the machine from another port than the request was sent to.
  bool accepts_reply_from_another_port(const NetNs& machine) {
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
XVNET_IN_BOTH_MODES(NatComparedWithNft);

// RFC 4787, REQ-1: a socket has one mapping for all remotes, even when another machine uses the
// same port.
TEST_P(NatComparedWithNft, SocketKeepsOnePortUnderContention) {
  const auto ours = contended_ports(first_->ns, second_->ns);
  EXPECT_EQ(ours[0], ours[1]);
  const auto theirs = contended_ports(nft_.first, nft_.second);
  EXPECT_NE(theirs[0], theirs[1]);
}

// RFC 4787, REQ-8: a remote may answer from any port once the machine has sent to it.
TEST_P(NatComparedWithNft, RemoteMayReplyFromAnotherPort) {
  EXPECT_TRUE(accepts_reply_from_another_port(first_->ns));
  EXPECT_FALSE(accepts_reply_from_another_port(nft_.first));
}

}  // namespace
}  // namespace xvnet::test
