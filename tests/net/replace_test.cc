// SPDX-License-Identifier: BSD-2-Clause
//
// `attach --replace` on a working port. A change that does not affect the attachment keeps the link
// up.
#include "nat_lab.h"

namespace xvnet::test {
namespace {

class Replace : public NatLab {
 protected:
  Replace() {
    add_network("green");
    guest = add_guest("p1", "green");
  }
  // The kernel's count of carrier changes: how often the link went down and up.
  std::string carrier_changes() const {
    return lab.ns()
        .must({"unshare", "-m", "sh", "-c",
               "mount -t sysfs none /sys && cat /sys/class/net/p1/carrier_changes"})
        .out;
  }
  // The public port of the VM's only socket. Checks that its request is answered.
  uint16_t public_port(const UdpSocket& client, const UdpSocket& service) const {
    client.send(kInternetIp, kService, "question");
    const auto question = service.receive();
    if (!question) return 0;
    service.send(question->ip, question->port, "answer");
    return client.receive() ? question->port : 0;
  }

  std::unique_ptr<Guest> guest;
};
XVNET_IN_BOTH_MODES(Replace);

TEST_P(Replace, OfASettingKeepsTheLinkAndTheMapping) {
  const UdpSocket service(internet, kInternetIp, kService);
  const UdpSocket client(guest->ns, "0.0.0.0", 0);
  const uint16_t port = public_port(client, service);
  ASSERT_NE(port, 0);
  const std::string before = carrier_changes();
  for (const Words& more : {Words{"--max-macs", "9"}, Words{"--hostname", "shop"},
                            Words{"--mtu", "1400"}, Words{"--ip", "10.0.0.2", "--ip", "10.0.0.9"},
                            Words{"--mac", mac_of(guest->ns, "eth0"), "--max-macs", "20"}}) {
    Words words = with_mode({"--network", "green", "--replace"});
    words.insert(words.end(), more.begin(), more.end());
    lab.host.attach("p1", words);
    EXPECT_EQ(carrier_changes(), before) << more.front();
    EXPECT_EQ(public_port(client, service), port) << more.front();
  }
}

TEST_P(Replace, OfTheNetworkInterruptsTheLink) {
  const std::string before = carrier_changes();
  lab.host.attach("p1", with_mode({"--vlan", "77", "--replace", "--max-macs", "9"}));
  EXPECT_NE(carrier_changes(), before);
  EXPECT_EQ(lab.host.port("p1").at("vlan"), 77);
}

}  // namespace
}  // namespace xvnet::test
