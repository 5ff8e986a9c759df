// SPDX-License-Identifier: BSD-2-Clause
//
// An address that several ports may use (--allow). keepalived moves it between two of them as on
// any switch.
#include <array>
#include <optional>

#include "container.h"
#include "lab.h"

namespace xvnet::test {
namespace {

constexpr const char* kShared = "10.0.0.100";
constexpr auto kTakeOver = std::chrono::seconds(30);  // keepalived takes about 4 s

struct Balancer {
  std::string port;
  int priority;
  Container container{{}};
};

class SharedAddress : public InMode {
 protected:
  SharedAddress() {
    for (const auto& [name, subnet] : {std::pair{"blue", "10.0.0"}, std::pair{"green", "10.1.0"}})
      lab.host.must({"network", "add", name, "--subnet", std::string(subnet) + ".0/24", "--gateway",
                     std::string(subnet) + ".1", "--router", "r"});
    for (std::size_t at = 0; at < balancers_.size(); ++at) {
      plug(balancers_[at].container.ns(), balancers_[at].port, "blue",
           "10.0.0." + std::to_string(11 + at), {"--allow", kShared});
    }
    plug(neighbour_, "c3", "blue", "10.0.0.13", {});
    plug(beyond_, "c4", "green", "10.1.0.14", {});
  }
  void plug(const NetNs& ns, const std::string& port, const std::string& network,
            const std::string& ip, const Words& more) {
    add_veth(lab.ns(), port, ns, "eth0");
    prepare_far_end(ns, "eth0");
    Words words = with_mode({"--network", network, "--ip", ip});
    words.insert(words.end(), more.begin(), more.end());
    lab.host.attach(port, words);
    add_address(ns, "eth0", ip + "/24");
    set_up(ns, "eth0");
    await_ready(ns, "eth0");
    ns.must({"ip", "route", "add", "default", "via", ip.substr(0, ip.rfind('.')) + ".1"});
  }
  static void start(const Balancer& balancer) {
    balancer.container.must("mkdir -p /etc/keepalived");
    balancer.container.write("/etc/keepalived/keepalived.conf",
                             "global_defs {\n vrrp_garp_master_refresh 0\n}\n"
                             "vrrp_instance v {\n state BACKUP\n interface eth0\n"
                             " virtual_router_id 7\n advert_int 1\n priority " +
                                 std::to_string(balancer.priority) + "\n virtual_ipaddress {\n  " +
                                 std::string(kShared) + "/24\n }\n}\n");
    balancer.container.must("keepalived --vrrp --pid=/run/keepalived.pid --dont-release-vrrp");
  }
  static void stop(const Balancer& balancer) {
    balancer.container.must("ip link set eth0 down; kill -9 $(cat /run/keepalived.pid)");
  }
  bool is_at(const std::string& port) {
    for (const auto& each : lab.host.json({"show", "ports"}))
      if (each.at("name") == port) return each.at("allow").at(0).at("here");
    return false;
  }
  static bool reaches(const NetNs& ns) {
    return ns.run({"ping", "-n", "-c", "1", "-W", "1", kShared}).ok();
  }

  std::array<Balancer, 2> balancers_{Balancer{"c1", 200}, Balancer{"c2", 100}};
  NetNs neighbour_;
  NetNs beyond_;
};
XVNET_IN_BOTH_MODES(SharedAddress);

TEST_P(SharedAddress, FollowsKeepalived) {
  for (const Balancer& balancer : balancers_) start(balancer);
  EXPECT_TRUE(eventually([&] { return is_at("c1"); }, kTakeOver));
  EXPECT_TRUE(eventually([&] { return reaches(neighbour_); })) << "from the same network";
  EXPECT_TRUE(eventually([&] { return reaches(beyond_); })) << "from another network";
  stop(balancers_[0]);
  EXPECT_TRUE(eventually([&] { return is_at("c2"); }, kTakeOver));
  EXPECT_FALSE(is_at("c1"));
  EXPECT_TRUE(eventually([&] { return reaches(neighbour_); }))
      << "from the same network, after the take-over";
  EXPECT_TRUE(eventually([&] { return reaches(beyond_); }))
      << "from another network, after the take-over";
}

TEST_P(SharedAddress, IsNotAssignedAutomatically) {
  const CommandResult own = lab.host.xvnet(
      {"attach", "c3", "--network", "blue", "--ip", kShared, "--mode", mode(), "--replace"});
  EXPECT_EQ(own.exit_code, 1) << own.describe();
  EXPECT_NE(own.err.find("share 10.0.0.100 by --allow"), std::string::npos) << own.describe();
  const CommandResult taken = lab.host.xvnet(
      {"attach", "c3", "--network", "blue", "--allow", "10.0.0.11", "--mode", mode(), "--replace"});
  EXPECT_EQ(taken.exit_code, 1) << taken.describe();
  EXPECT_NE(taken.err.find("\"c1\" of network \"blue\" does not share its address 10.0.0.11"),
            std::string::npos)
      << taken.describe();
}

}  // namespace
}  // namespace xvnet::test
