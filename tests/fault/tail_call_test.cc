// SPDX-License-Identifier: BSD-2-Clause
//
// Tail-called programs are loaded once a network needs them, and again by every upgrade.
#include <filesystem>
#include <functional>
#include <optional>

#include "lab.h"
#include "nat_lab.h"
#include "pins.h"
#include "udp_socket.h"
#include "variable.h"

namespace xvnet::test {
namespace {

const Words kTailCalls = {"tc_to_outside", "tc_from_outside", "tc_to_dhcp", "tc_to_forward"};

class TailCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    add_veth(lab_.ns(), "eth0", internet_, "eth0");
    prepare_far_end(internet_, "eth0");
    add_address(lab_.ns(), "eth0", "198.51.100.1/24");
    add_address(internet_, "eth0", std::string(kInternetIp) + "/24");
    set_up(lab_.ns(), "eth0");
    set_up(internet_, "eth0");
    await_ready(lab_.ns(), "eth0");
    lab_.host.uplink_add("eth0", {"--mode", "tc"});
  }

  Words loaded() const {
    const auto ids = program_ids(lab_.host.instance());
    Words names;
    for (const std::string& name : kTailCalls)
      if (ids.contains(name)) names.push_back(name);
    return names;
  }

  void add_network(const Words& more) const {
    Words words = {"network", "add", "red", "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1"};
    words.insert(words.end(), more.begin(), more.end());
    lab_.host.must(words);
  }
  void add_guest() {
    add_veth(lab_.ns(), "c1", guest_, "eth0");
    prepare_far_end(guest_, "eth0");
    lab_.host.attach("c1", {"--network", "red", "--ip", "10.0.0.2", "--mode", "tc"});
    add_address(guest_, "eth0", "10.0.0.2/24");
    set_up(guest_, "eth0");
    await_ready(guest_, "eth0");
    guest_.must({"ip", "route", "add", "default", "via", "10.0.0.1"});
  }

  CommandResult ask_for_lease() const {
    return guest_.run(
        {"busybox", "udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "5", "-s", "/bin/true"});
  }
  // The guest's public port as the internet sees it. Empty if the request or the answer was lost.
  std::optional<uint16_t> exchange(const UdpSocket& client) {
    const UdpSocket service(internet_, kInternetIp, kService);
    client.send(kInternetIp, kService, "question");
    const auto question = service.receive();
    if (!question) return std::nullopt;
    service.send(question->ip, question->port, "answer");
    return client.receive() ? std::optional(question->port) : std::nullopt;
  }

  // After the upgrade, the guest keeps its mapping and DHCP still answers.
  void expect_working_after(const std::function<void()>& upgrade) {
    add_network({"--dhcp", "--snat", "auto"});
    add_guest();
    const UdpSocket client(guest_, "10.0.0.2", 4000);
    const auto port = exchange(client);
    ASSERT_TRUE(port);
    upgrade();
    EXPECT_EQ(exchange(client), port);
    const CommandResult lease = ask_for_lease();
    EXPECT_TRUE(lease.ok()) << lease.describe();
  }

  NetNs internet_, guest_;
  Lab lab_;
};

TEST_F(TailCalls, AreLoadedWhenANetworkHasDhcp) {
  add_network({});
  EXPECT_EQ(loaded(), Words{});
  lab_.host.must({"network", "set", "red", "--dhcp"});
  EXPECT_EQ(loaded(), kTailCalls);
}

TEST_F(TailCalls, AreLoadedWhenANetworkHasSnat) {
  add_network({"--snat", "auto"});
  EXPECT_EQ(loaded(), kTailCalls);
}

TEST_F(TailCalls, AreLoadedAgainByTheNextCommand) {
  add_network({"--dhcp"});
  for (const std::string& name : kTailCalls)
    std::filesystem::remove(own_pins(lab_.host.instance()) + "/progs/" + name);
  EXPECT_EQ(loaded(), Words{});
  lab_.host.must({"network", "set", "red", "--ageing", "9"});
  EXPECT_EQ(loaded(), kTailCalls);
}

TEST_F(TailCalls, AreReplacedByUpgradeWhichKeepsMappings) {
  expect_working_after([this] {
    const auto before = program_ids(lab_.host.instance());
    forge_build(lab_.host.instance(), "another");
    lab_.host.must({"upgrade"});
    for (const auto& [name, id] : program_ids(lab_.host.instance()))
      EXPECT_NE(id, before.at(name)) << name;
  });
}

TEST_F(TailCalls, AreLoadedAfterUpgradeToANewAbi) {
  std::optional<Variable> next;
  expect_working_after([&] {
    next.emplace("XVNET_BIN", next_binary());
    lab_.host.must({"upgrade"});
  });
  lab_.host.down();
}

}  // namespace
}  // namespace xvnet::test
