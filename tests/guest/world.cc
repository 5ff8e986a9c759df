// SPDX-License-Identifier: BSD-2-Clause
#include "world.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <set>
#include <utility>

#include "link.h"

namespace xvnet::test {

namespace {

std::unique_ptr<World> the_world;
bool world_failed = false;

std::string addresses_of(int number) {
  return fmt::format("10.0.0.{0}/24,2001:db8::{0}/64", number);
}

std::vector<Nic> with_addresses(std::vector<Nic> nics, int number) {
  if (nics.front().addresses.empty()) nics.front().addresses = addresses_of(number);
  return nics;
}

// Returns "[2001:db8::1]" for IPv6, the form that URLs and socat need.
std::string bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

::testing::AssertionResult judge(bool good, const CommandResult& result) {
  if (good) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.describe();
}

}  // namespace

// Ends the guests and the hosts before the static objects of the process are destroyed.
class WorldKeeper : public ::testing::Environment {
 public:
  static World* make() { return new World; }
  void TearDown() override { the_world.reset(); }
};

// GoogleTest owns the object.
static const auto* const world_keeper [[maybe_unused]] =
    ::testing::AddGlobalTestEnvironment(new WorldKeeper);

std::string Wiring::describe() const {
  std::string text;
  for (int host = 0; host < 2; ++host) {
    if (uplinks[host]) {
      text += fmt::format("{}: uplink add {} {}\n", host, kTrunk, fmt::join(*uplinks[host], " "));
    }
  }
  for (const auto& network : networks)
    text += fmt::format("0: network add {}\n", fmt::join(network, " "));
  for (const auto& port : ports) {
    text += fmt::format("{}: attach {} {}\n", port.host, port.dev, fmt::join(port.args, " "));
  }
  return text;
}

Peer::Peer(const NetNs& ns, int host_index, const std::string& name, int number)
    : Peer(ns, host_index, name, number, {{.tap = "tap-" + name, .addresses = {}}}) {}

Peer::Peer(const NetNs& ns, int host_index, const std::string& name, int number,
           std::vector<Nic> nics)
    : host(host_index),
      tap(nics.front().tap),
      ip(fmt::format("10.0.0.{}", number)),
      ip6(fmt::format("2001:db8::{}", number)),
      guest(ns, name, with_addresses(std::move(nics), number)),
      file() {}

World& World::get() {
  if (world_failed) throw SetupError("the guests could not be started: see the first failure");
  if (!the_world) {
    world_failed = true;
    the_world.reset(WorldKeeper::make());
    world_failed = false;
  }
  return *the_world;
}

World::World() {
  add_veth(hosts[0].ns(), kTrunk, hosts[1].ns(), kTrunk);
  for (const auto& host : hosts) {
    set_up(host.ns(), kTrunk);
    // A veth starts NAPI only when GRO is turned on while the veth is up. Without NAPI at this end,
    // frames that XDP redirects into the other end are lost. A physical NIC has no such problem.
    set_feature(host.ns(), kTrunk, "generic-receive-offload", false);
    prepare_far_end(host.ns(), kTrunk);
  }
  // xvnet makes the TAPs. They stay when their ports are detached.
  Wiring first{.uplinks = {}, .networks = {}, .ports = {}};
  for (const auto* tap : {"tap-a1", "tap-b1"}) first.ports.push_back({0, tap, {"--vlan", "10"}});
  for (const auto* tap : {"tap-a2", "tap-b2"}) first.ports.push_back({1, tap, {"--vlan", "10"}});
  apply(first);
  a1.emplace(hosts[0].ns(), 0, "a1", 1);
  b1.emplace(hosts[0].ns(), 0, "b1", 2);
  a2.emplace(hosts[1].ns(), 1, "a2", 3);
  b2.emplace(hosts[1].ns(), 1, "b2", 4);
  for (auto* peer : {&a1, &b1, &a2, &b2}) (*peer)->file = start_services((*peer)->guest);
}

void World::clear() {
  for (const auto& port : current_.ports) hosts[port.host].must({"detach", port.dev});
  for (const auto& network : current_.networks) {
    hosts[0].must({"network", "del", network.front()});
  }
  for (int host = 0; host < 2; ++host) {
    if (current_.uplinks[host]) hosts[host].must({"uplink", "del", kTrunk});
  }
  current_ = {};
}

void World::apply(const Wiring& wiring) {
  const std::string wanted = wiring.describe();
  if (wanted == applied_) return;
  clear();
  // If this change fails half-way, the next change clears what was applied.
  applied_.clear();
  for (int host = 0; host < 2; ++host) {
    if (!wiring.uplinks[host]) continue;
    hosts[host].uplink_add(kTrunk, *wiring.uplinks[host]);
    current_.uplinks[host] = wiring.uplinks[host];
  }
  for (const auto& network : wiring.networks) {
    Words words = {"network", "add"};
    words.insert(words.end(), network.begin(), network.end());
    hosts[0].must(words);
    current_.networks.push_back(network);
  }
  for (const auto& port : wiring.ports) {
    hosts[port.host].attach(port.dev, port.args);
    current_.ports.push_back(port);
  }
  applied_ = wanted;
  // A device that was made again has a new MAC.
  for (const auto* peer : {&a1, &b1, &a2, &b2}) {
    if (*peer) (*peer)->guest.must("ip neigh flush all");
  }
}

std::string World::describe() const {
  std::string text = applied_;
  for (const auto& host : hosts) {
    for (const Words& words : {Words{"show"}, Words{"stats"}}) {
      text += host.xvnet(words).describe();
    }
  }
  return text;
}

Wiring two_tenants(const World& world, const std::string& mode) {
  Wiring wiring{
      .uplinks = {Words{"--mode", mode}, Words{"--mode", mode}}, .networks = {}, .ports = {}};
  for (const auto* peer : {&*world.a1, &*world.a2}) {
    wiring.ports.push_back(peer->port({"--vlan", "10", "--mode", mode}));
  }
  for (const auto* peer : {&*world.b1, &*world.b2}) {
    wiring.ports.push_back(peer->port({"--vlan", "20", "--mode", mode}));
  }
  return wiring;
}

void GuestTest::TearDown() {
  if (HasFailure() && !world_failed) fmt::print("{}\n", World::get().describe());
}

::testing::AssertionResult pings(const Guest& from, const std::string& address,
                                 const std::string& options) {
  // Only the first answer may take several tries, because this does not test the guests' timing.
  const CommandResult result = from.run(fmt::format(
      "for try in 1 2 3; do ping -c 1 -W 2 {} {} && exit; done; exit 1", options, address));
  return judge(result.ok(), result);
}

::testing::AssertionResult cannot_ping(const Guest& from, const std::vector<std::string>& addresses,
                                       const std::string& options) {
  const CommandResult result = from.run(fmt::format(
      "for address in {}; do ping -c 2 -W 1 {} $address >/tmp/ping.$address 2>&1 & done; wait\n"
      "cat /tmp/ping.*; rm /tmp/ping.*",
      fmt::join(addresses, " "), options));
  // The ping summary must say so. A ping that could not run proves nothing about the network.
  constexpr std::string_view kSilent = " 0 packets received";
  size_t silent = 0;
  for (size_t at = 0; (at = result.out.find(kSilent, at)) != std::string::npos; ++at) ++silent;
  return judge(silent == addresses.size(), result);
}

::testing::AssertionResult fetches_intact(const Guest& to, const ServedFile& file,
                                          const std::string& address) {
  // The option -T would crash the wget of busybox 1.35.
  const CommandResult result = to.run(
      fmt::format("wget -q -O - 'http://{}:{}/file' | md5sum", bracketed(address), file.port),
      kTransferLimit);
  return judge(result.ok() && result.out == file.md5 + "\n", result);
}

::testing::AssertionResult exchanges_udp(const Guest& from, const std::string& address) {
  // socat cannot know that one answer is enough, so the script ends socat when the answer has
  // arrived.
  const CommandResult result =
      from.run(fmt::format("for size in 1 2 100 1471 1472 1473 4000; do\n"
                           "  head -c $size /dev/urandom >/tmp/out\n"
                           "  socat -b 8192 -t 10 - 'UDP:{0}:7' </tmp/out >/tmp/in & socat=$!\n"
                           "  tries=100\n"
                           "  until cmp -s /tmp/out /tmp/in || [ $tries = 0 ]; do tries=$((tries - "
                           "1)); usleep 50000; done\n"
                           "  kill $socat 2>/dev/null\n"
                           "  cmp /tmp/out /tmp/in || {{ echo \"size $size\"; exit 1; }}\n"
                           "done",
                           bracketed(address)));
  return judge(result.ok(), result);
}

}  // namespace xvnet::test
