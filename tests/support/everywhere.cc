// SPDX-License-Identifier: BSD-2-Clause
#include "everywhere.h"

#include <linux/if_ether.h>
#include <sched.h>

#include <algorithm>

#include "link.h"

namespace xvnet::test {

namespace {

// As many rounds as the longest path has hops: VM -> uplink -> switch of the LAN -> uplink -> VM.
constexpr int kRounds = 4;
constexpr uint16_t kSentinelEthertype = 0x88b6;  // IEEE 802 local experimental 2
constexpr const char* kSentinelMac = "02:5e:00:00:53:01";
constexpr const char* kStackNear = "sentinel-out";
constexpr const char* kStackFar = "sentinel-in";

Frame make_sentinel() {
  return of_ethertype(Ends::between(kSentinelMac, kBroadcast), kSentinelEthertype);
}

}  // namespace

const std::vector<uint16_t>& stack_ethertypes() {
  static const std::vector<uint16_t> types = {
      ETH_P_IP,    ETH_P_IPV6,   ETH_P_ARP,     ETH_P_802_2,    ETH_P_LLDP,        ETH_P_PAUSE,
      ETH_P_8021Q, ETH_P_8021AD, ETH_P_MPLS_UC, kTestEthertype, kSentinelEthertype};
  return types;
}

// A listener in a host's stack: one socket per ethertype, because an ETH_P_ALL socket also gets
// frames that a tc program drops later. The listener sends its sentinels through its own veth pair.
struct Everywhere::Stack {
  std::vector<std::unique_ptr<PacketSocket>> ears;

  explicit Stack(const NetNs& host) {
    if (!exists(host, kStackNear)) {
      add_veth(host, kStackNear, host, kStackFar);
      set_up(host, kStackNear);
      set_up(host, kStackFar);
    }
    for (const uint16_t type : stack_ethertypes()) {
      SocketOptions options;
      options.protocol = type;
      ears.push_back(std::make_unique<PacketSocket>(host, "", options));
    }
  }

  std::optional<Received> receive() {
    for (const auto& ear : ears) {
      if (auto received = ear->receive()) return received;
    }
    return std::nullopt;
  }
};

Everywhere::Everywhere() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) throw_errno("reading the CPU affinity");
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) former_cpus_.push_back(cpu);
  }
  CPU_ZERO(&cpus);
  CPU_SET(former_cpus_.back(), &cpus);
  if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0) throw_errno("pinning to one CPU");
}

Everywhere::~Everywhere() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : former_cpus_) CPU_SET(cpu, &cpus);
  sched_setaffinity(0, sizeof(cpus), &cpus);
}

void Everywhere::add_place(const std::string& place,
                           std::function<std::optional<Received>()> receive, const NetNs& near_ns,
                           const std::string& near_dev) {
  SocketOptions options;
  options.bypass_qdisc = true;  // the program under test must not see the sentinel
  sentinel_sockets_.push_back(std::make_unique<PacketSocket>(near_ns, near_dev, options));
  PacketSocket* way = sentinel_sockets_.back().get();
  const auto send = [way](const Frame& frame) { return way->try_send(frame) == 0; };
  places_.push_back(
      std::make_unique<Place>(Place{place, std::move(receive), send, &near_ns, near_dev, {}}));
  await_ready(*places_.back());
}

void Everywhere::add(const std::string& place, Tap& tap) {
  add_place(place, [&tap] { return tap.receive(); }, tap.ns(), tap.name());
}

void Everywhere::add(const std::string& place, PacketSocket& ear, const NetNs& near_ns,
                     const std::string& near_dev) {
  add_place(place, [&ear] { return ear.receive(); }, near_ns, near_dev);
}

void Everywhere::add_stack(const std::string& place, const NetNs& host) {
  stacks_.push_back(std::make_unique<Stack>(host));
  Stack* stack = stacks_.back().get();
  add_place(place, [stack] { return stack->receive(); }, host, kStackNear);
}

void Everywhere::settle() const {
  for (const auto& place : places_) await_ready(*place);
}

void Everywhere::await_ready(const Place& place) {
  const NetNs& ns = *place.near_ns;
  if (exists(ns, place.near_dev) && is_up(ns, place.near_dev)) {
    xvnet::test::await_ready(ns, place.near_dev);
  }
}

void Everywhere::drain(Place& place) {
  while (auto received = place.receive()) place.seen.push_back(std::move(*received));
}

void Everywhere::await(Place& place, const Marker& sentinel) {
  const bool arrived = eventually([&] {
    drain(place);
    return std::any_of(place.seen.begin(), place.seen.end(), [&](const Received& received) {
      return contains(received.bytes, sentinel);
    });
  });
  if (!arrived) throw SetupError("the sentinel did not arrive at \"" + place.name + "\"");
  std::erase_if(place.seen,
                [&](const Received& received) { return contains(received.bytes, sentinel); });
}

void Everywhere::flush() {
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::pair<Place*, Marker>> awaited;
    for (const auto& place : places_) {
      drain(*place);  // a full queue would drop the sentinel
      const Frame sentinel = make_sentinel();
      if (place->send_sentinel(sentinel)) awaited.emplace_back(place.get(), sentinel.marker);
    }
    for (const auto& [place, marker] : awaited) await(*place, marker);
    for (const auto& place : places_) drain(*place);
  }
}

bool Everywhere::wait_for(const std::string& place, const Marker& marker) {
  return eventually([&] {
    for (const auto& each : places_) drain(*each);
    return !seen(place, marker).empty();
  });
}

const Everywhere::Place& Everywhere::find(const std::string& name) const {
  for (const auto& place : places_) {
    if (place->name == name) return *place;
  }
  throw SetupError("no listener at \"" + name + "\"");
}

std::set<std::string> Everywhere::places(const Marker& marker) const {
  std::set<std::string> names;
  for (const auto& place : places_) {
    if (!seen(place->name, marker).empty()) names.insert(place->name);
  }
  return names;
}

std::vector<Received> Everywhere::seen(const std::string& place, const Marker& marker) const {
  std::vector<Received> result;
  for (const auto& received : find(place).seen) {
    if (contains(received.bytes, marker)) result.push_back(received);
  }
  return result;
}

const std::vector<Received>& Everywhere::all(const std::string& place) const {
  return find(place).seen;
}

void Everywhere::forget() {
  for (const auto& place : places_) place->seen.clear();
}

}  // namespace xvnet::test
