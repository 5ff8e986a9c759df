// SPDX-License-Identifier: BSD-2-Clause
//
// A host with one uplink and every kind of network at the same time. The test checks which stations
// reach each other, as documented. Each port has a namespace's real network stack behind it.
//
//   station  network                               address
//   nat      nat, 10.0.0.0/24, --snat auto         10.0.0.2; forward 198.51.100.1:2222
//   pool     pool, 10.0.0.0/24, --snat 203.0.113.5 10.0.0.2; forward 203.0.113.5:2222
//   lan      untagged                              198.51.100.50, the LAN's
//   vlan     VLAN 10                               198.51.100.60
//   lab      host-only, --host-address 10.5.0.1/24 10.5.0.2
//   web, db  --router r1                           10.1.1.2, 10.1.2.2
//   host     -                                     198.51.100.1
//   far      behind the router of the LAN          192.0.2.1
#include <map>

#include "nat_lab.h"

namespace xvnet::test {
namespace {

struct Site {
  Site(const NetNs& host, const std::string& port) {
    add_veth(host, port, ns, "eth0");
    prepare_far_end(ns, "eth0");
  }
  NetNs ns;
};

struct Pair {
  const char* from;
  const char* ip;
  const char* to;  // the station whose service answers
  uint16_t port;
  bool reaches;
};

constexpr const char* kLanIp = "198.51.100.50";

class Traversal : public NatLab {
 protected:
  Traversal() {
    network("nat", "10.0.0", {"--snat", "auto"});
    network("pool", "10.0.0", {"--snat", kPoolIp});
    network("web", "10.1.1", {"--router", "r1"});
    network("db", "10.1.2", {"--router", "r1"});
    lab.host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24"});
    for (const char* name : {"nat", "pool"})
      add(name, "10.0.0.2", "10.0.0.1", {"--network", name, "--ip", "10.0.0.2"});
    add("web", "10.1.1.2", "10.1.1.1", {"--network", "web", "--ip", "10.1.1.2"});
    add("db", "10.1.2.2", "10.1.2.1", {"--network", "db", "--ip", "10.1.2.2"});
    add("lan", kLanIp, kInternetIp, {"--untagged"});
    add("vlan", "198.51.100.60", kInternetIp, {"--vlan", "10"});
    add("lab", "10.5.0.2", "10.5.0.1", {"--network", "lab"});
    of("lan").must({"ip", "route", "add", "203.0.113.0/24", "dev", "eth0"});
    forward({"nat", "udp", std::string(kHostIp) + ":2222", "10.0.0.2:22"});
    forward({"pool", "udp", std::string(kPoolIp) + ":2222", "10.0.0.2:22"});
  }
  void network(const std::string& name, const std::string& prefix, const Words& more) {
    Words words = {"network",        "add",       name,         "--subnet",
                   prefix + ".0/24", "--gateway", prefix + ".1"};
    words.insert(words.end(), more.begin(), more.end());
    lab.host.must(words);
  }
  void add(const std::string& name, const std::string& ip, const std::string& gateway,
           const Words& where) {
    auto& station = stations_[name];
    station = std::make_unique<Site>(lab.ns(), "c-" + name);
    lab.host.attach("c-" + name, with_mode(where));
    add_address(station->ns, "eth0", ip + "/24");
    set_up(station->ns, "eth0");
    await_ready(station->ns, "eth0");
    station->ns.must({"ip", "route", "add", "default", "via", gateway});
  }
  const NetNs& of(const std::string& name) const {
    if (name == "host") return lab.ns();
    if (name == "far") return internet;
    return stations_.at(name)->ns;
  }
  // A request and its answer. The first frames may be lost until a VM's MAC is resolved.
  bool exchanges(const Pair& pair) const {
    const std::string own = pair.to == std::string("far") ? pair.ip : "0.0.0.0";
    const UdpSocket service(of(pair.to), own, pair.port == kForwardedPort ? 22 : pair.port);
    const UdpSocket client(of(pair.from), "0.0.0.0", 0);
    const auto once = [&] {
      client.send(pair.ip, pair.port, "question");
      const auto question = service.receive_now();
      if (question) service.send(question->ip, question->port, "answer");
      const auto answer = client.receive_now();
      return answer && answer->text == "answer" && answer->ip == pair.ip;
    };
    if (pair.reaches) return eventually(once);
    const bool at_first = once();
    return at_first || once();
  }
  bool pings(const std::string& from, const std::string& ip, bool reaches) const {
    const auto once = [&] { return of(from).run({"ping", "-n", "-c", "1", "-W", "1", ip}).ok(); };
    return reaches ? eventually(once) : once();
  }

 private:
  std::map<std::string, std::unique_ptr<Site>> stations_;
};
XVNET_IN_BOTH_MODES(Traversal);

TEST_P(Traversal, UdpReachability) {
  const Pair pairs[] = {
      {"nat", kLanIp, "lan", 7, true},
      {"pool", kLanIp, "lan", 7, true},
      {"nat", kFarIp, "far", 7, true},
      {"lan", kFarIp, "far", 7, true},
      {"far", kLanIp, "lan", 7, true},
      {"lan", kHostIp, "host", 7, true},
      {"host", kLanIp, "lan", 7, true},
      {"lab", "10.5.0.1", "host", 7, true},
      {"host", "10.5.0.2", "lab", 7, true},
      {"web", "10.1.2.2", "db", 7, true},
      // Through a forward of the host's address, and of a pool's address.
      {"lan", kHostIp, "nat", kForwardedPort, true},
      {"lan", kPoolIp, "pool", kForwardedPort, true},
      {"far", kHostIp, "nat", kForwardedPort, true},
      {"far", kPoolIp, "pool", kForwardedPort, true},
      {"host", kHostIp, "nat", kForwardedPort, true},
      {"host", kPoolIp, "pool", kForwardedPort, true},
      // From one VM to another through a public address, and from a VM to itself.
      {"nat", kPoolIp, "pool", kForwardedPort, true},
      {"pool", kHostIp, "nat", kForwardedPort, true},
      {"nat", kHostIp, "nat", kForwardedPort, true},
      // Tenants cannot reach the host, VLANs or other networks.
      {"nat", kHostIp, "host", 7, false},
      {"pool", kHostIp, "host", 7, false},
      {"nat", "10.5.0.1", "host", 7, false},
      {"nat", "10.5.0.2", "lab", 7, false},
      {"nat", "198.51.100.60", "vlan", 7, false},
      {"lan", "198.51.100.60", "vlan", 7, false},
      {"vlan", kLanIp, "lan", 7, false},
      {"vlan", kHostIp, "host", 7, false},
      {"vlan", kHostIp, "nat", kForwardedPort, false},
      {"lab", kLanIp, "lan", 7, false},
      {"web", kLanIp, "lan", 7, false},
      {"web", kHostIp, "nat", kForwardedPort, false},
  };
  for (const Pair& pair : pairs)
    EXPECT_EQ(exchanges(pair), pair.reaches)
        << pair.from << " to " << pair.ip << ":" << pair.port << " of " << pair.to << "\n"
        << lab.host.must({"stats"}).out;
}

TEST_P(Traversal, PingReachability) {
  struct {
    const char* from;
    const char* ip;
    bool reaches;
  } const pings_of[] = {
      {"nat", kLanIp, true},     {"pool", kLanIp, true},     {"nat", kFarIp, true},
      {"lan", kHostIp, true},    {"host", kLanIp, true},     {"far", kLanIp, true},
      {"nat", "10.0.0.1", true}, {"web", "10.1.2.2", true},  {"lab", "10.5.0.1", true},
      {"nat", kHostIp, false},   {"nat", "10.5.0.1", false}, {"vlan", kHostIp, false},
      {"vlan", kLanIp, false},   {"web", kLanIp, false},
  };
  for (const auto& each : pings_of)
    EXPECT_EQ(pings(each.from, each.ip, each.reaches), each.reaches)
        << each.from << " to " << each.ip;
}

TEST_P(Traversal, TcpTransferBetweenNatAndLan) {
  Transfer transfer(of("nat"), of("lan"), kLanIp);
  expect_intact(transfer);
}

}  // namespace
}  // namespace xvnet::test
