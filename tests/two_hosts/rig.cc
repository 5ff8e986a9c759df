// SPDX-License-Identifier: BSD-2-Clause
#include "rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

namespace xvnet::test {

namespace {

// The first round crosses the cable in both directions. The second round also covers frames that
// were sent back by mistake.
constexpr int kRounds = 2;
constexpr auto kArrivalLimit = std::chrono::seconds(30);  // on a busy machine without KVM

Address address_of(int number) {
  return {fmt::format("10.1.0.{}", number), fmt::format("2001:db8:1::{}", number)};
}

Station make_station(const std::string& port, int host, uint16_t vid, const std::string& mode) {
  const int kind = port.starts_with("veth") ? 2 : 1;
  return {port,
          host,
          vid,
          mode,
          fmt::format("02:00:00:{:02x}:{:02x}:{:02x}", vid, host + 1, kind),
          address_of(vid + host + 1)};
}

void add_addresses(EmulatedHost& host, const std::string& in, const Address& address) {
  host.must(in, {"ip", "address", "add", address.ip + "/24", "dev", "eth0"});
  host.must(in, {"ip", "address", "add", address.ip6 + "/64", "dev", "eth0", "nodad"});
  host.must(in, {"ip", "link", "set", "dev", "eth0", "up"});
}

}  // namespace

std::string place_of(int host, const std::string& place) {
  return fmt::format("host{}/{}", host, place);
}

std::string wire_of(int host) { return fmt::format("wire/host{}", host); }

std::string Station::place() const { return place_of(host, port); }

// In each tenant, ports of both modes send to ports of both modes, on the same host and on the
// other one.
const std::vector<Station>& stations() {
  static const std::vector<Station> all = {
      make_station("tap0", 0, 10, "tc"),  make_station("veth0", 0, 10, "xdp"),
      make_station("tap1", 0, 20, "xdp"), make_station("veth1", 0, 20, "tc"),
      make_station("tap0", 1, 10, "xdp"), make_station("veth0", 1, 10, "tc"),
      make_station("tap1", 1, 20, "tc"),  make_station("veth1", 1, 20, "xdp"),
  };
  return all;
}

const std::string& host_mac(int host) {
  static const std::array<std::string, 2> macs = {"02:00:00:00:01:00", "02:00:00:00:02:00"};
  return macs.at(host);
}

const Address& host_address(int host) {
  static const std::array<Address, 2> addresses = {address_of(101), address_of(102)};
  return addresses.at(host);
}

Rig::Rig()
    : hosts_{EmulatedHost("host0", wire_.plug(0), host_mac(0)),
             EmulatedHost("host1", wire_.plug(1), host_mac(1))} {
  auto other = std::async(std::launch::async, [&] { set_up_host(1); });
  set_up_host(0);
  other.get();
}

void Rig::set_up_container(const Station& station) {
  EmulatedHost& host = hosts_.at(station.host);
  host.add_container(station.port);
  host.must(station.port, {"ip", "link", "set", "dev", "eth0", "address", station.mac});
  add_addresses(host, station.port, station.address);
}

void Rig::set_up_host(int index) {
  EmulatedHost& host = hosts_.at(index);
  add_addresses(host, kHost, host_address(index));
  host.xvnet({"uplink", "add", kUplink});
  for (const Station& station : stations()) {
    if (station.host != index) continue;
    if (station.is_container()) set_up_container(station);
    host.xvnet(
        {"attach", station.port, "--vlan", std::to_string(station.vid), "--mode", station.mode});
    host.listen(station.port);
  }
  host.listen(kHost);
}

void Rig::send(const Station& from, const std::vector<Frame>& frames) {
  hosts_.at(from.host).send(from.port, frames);
}

void Rig::collect() {
  for (int host = 0; host < 2; ++host) {
    for (auto& [place, frames] : hosts_.at(host).hear()) {
      auto& seen = seen_[place_of(host, place)];
      seen.insert(seen.end(), frames.begin(), frames.end());
    }
    auto& seen = seen_[wire_of(host)];
    for (Bytes& frame : wire_.take(host)) seen.push_back(std::move(frame));
  }
}

// True when the frame has arrived at all members of its network on the other host.
bool Rig::has_arrived(const Station& from, const Frame& frame) const {
  const Sightings where = seen(frame.marker);
  return std::ranges::all_of(stations(), [&](const Station& to) {
    return to.host == from.host || to.vid != from.vid || where.contains(to.place());
  });
}

// Sends one broadcast from each station and waits for it on the other host.
void Rig::cross() {
  std::vector<std::pair<const Station*, Frame>> missing;
  for (const Station& from : stations()) {
    missing.emplace_back(&from, udp4(Ends::between(from.mac, kBroadcast)));
    send(from, {missing.back().second});
  }
  const bool arrived = eventually(
      [&] {
        collect();
        std::erase_if(missing, [&](const auto& e) { return has_arrived(*e.first, e.second); });
        return missing.empty();
      },
      kArrivalLimit);
  if (!arrived) lost_ = missing.front().first->place();
}

::testing::AssertionResult Rig::settle() {
  for (int round = 0; round < kRounds && lost_.empty(); ++round) cross();
  collect();
  if (lost_.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "a broadcast of " << lost_ << " did not arrive";
}

Sightings Rig::seen(const Marker& marker) const {
  Sightings found;
  for (const auto& [place, frames] : seen_) {
    for (const Bytes& frame : frames) {
      if (contains(frame, marker)) found[place].push_back(frame);
    }
  }
  return found;
}

}  // namespace xvnet::test
