// SPDX-License-Identifier: BSD-2-Clause
#include "trials.h"

#include <linux/if_ether.h>

#include <algorithm>

namespace xvnet::test {

namespace {

constexpr uint16_t kUnownedVid = 99;
const std::string kMacUnknown = "02:00:00:00:ff:01";
const std::string kMacMulticast = "01:00:5e:00:00:fb";

const Station* find_station(uint16_t vid, const std::string& mac) {
  const auto found = std::ranges::find_if(
      stations(), [&](const Station& each) { return each.vid == vid && each.mac == mac; });
  return found == stations().end() ? nullptr : &*found;
}

// The candidates that receive a frame with that destination. All MACs are known, so a known MAC
// selects one.
Stations receivers(Stations candidates, uint16_t vid, const std::string& destination) {
  const Station* known = find_station(vid, destination);
  if (known) std::erase_if(candidates, [&](const Station* each) { return each != known; });
  return candidates;
}

Trial dropped(const Frame& frame, const std::string& reason) { return {frame, {}, reason}; }

// A frame from the wire with a tenant's tag. If its destination is on the other host, the frame
// came from there and is a hairpin.
Trial carried_from_wire(int host, uint16_t vid, const Frame& frame) {
  Trial trial{frame.tagged(vid), {}, {}};
  Stations here;
  for (const Station& each : stations()) {
    if (each.vid == vid && each.host == host) here.push_back(&each);
  }
  for (const Station* to : receivers(here, vid, mac_text(frame.bytes, 0))) {
    trial.expected[to->place()] = {frame.bytes};
  }
  if (trial.expected.empty()) trial.drop_reason = "hairpin";
  return trial;
}

// For a stack without that VLAN, the kernel removes the outer tag before it delivers the frame.
Trial not_ours(int host, const Frame& frame, const Frame& shown) {
  return {frame, {{place_of(host, kHost), {shown.bytes}}}, {}};
}

// The frames that a VM must not send: every tag except a single priority tag.
std::vector<Frame> with_forbidden_tags(const Ends& ends, uint16_t own, uint16_t other) {
  std::vector<Frame> frames;
  for (const uint16_t vid : {own, other, kUnownedVid, uint16_t{1}, uint16_t{4095}}) {
    frames.push_back(udp4(ends).tagged(vid));
    frames.push_back(udp4(ends).tagged({.vid = vid, .tpid = ETH_P_8021AD}));
  }
  for (const uint16_t outer : {uint16_t{0}, own, other}) {
    for (const uint16_t tpid : {ETH_P_8021Q, ETH_P_8021AD}) {
      frames.push_back(udp4(ends).tagged(other).tagged({.vid = outer, .tpid = tpid}));
    }
  }
  return frames;
}

std::vector<std::string> all_destinations() {
  std::vector<std::string> macs = {host_mac(0), host_mac(1), kMacUnknown, kMacMulticast,
                                   kBroadcast};
  for (const Station& station : stations()) macs.push_back(station.mac);
  return macs;
}

void add_tenants_trials(std::vector<Trial>& trials, int host, const Ends& ends) {
  for (const uint16_t vid : {uint16_t{10}, uint16_t{20}}) {
    const auto other = static_cast<uint16_t>(30 - vid);
    for (const Frame& frame :
         {udp4(ends), tcp6(ends), udp4(ends).tagged(other), udp4(ends).tagged(vid),
          udp4(ends).tagged({.vid = other, .tpid = ETH_P_8021AD})}) {
      trials.push_back(carried_from_wire(host, vid, frame));
    }
  }
}

void add_hosts_trials(std::vector<Trial>& trials, int host, const Ends& ends) {
  const Frame plain = udp4(ends);
  trials.push_back(not_ours(host, plain, plain));
  for (const uint16_t vid : {kUnownedVid, uint16_t{0}, uint16_t{1}, uint16_t{4095}}) {
    const Frame frame = udp4(ends);
    trials.push_back(not_ours(host, frame.tagged(vid), frame));
  }
  for (const uint16_t vid : {uint16_t{10}, uint16_t{20}}) {
    // 802.1ad tags have a separate VID space from 802.1Q tags.
    const VlanTag service{.vid = vid, .tpid = ETH_P_8021AD};
    const Frame frame = udp4(ends);
    trials.push_back(not_ours(host, frame.tagged(service), frame));
    const Frame inner = udp4(ends).tagged(vid);
    trials.push_back(not_ours(host, inner.tagged(kUnownedVid), inner));
    const Frame behind = udp4(ends).tagged(vid);
    trials.push_back(not_ours(host, behind.tagged(service), behind));
  }
}

}  // namespace

Stations others_of(const Station& station) {
  Stations others;
  for (const Station& each : stations()) {
    if (each.vid == station.vid && &each != &station) others.push_back(&each);
  }
  return others;
}

Trial carried(const Station& from, const Frame& frame, const Stations& receivers) {
  Trial trial{frame, {}, {}};
  for (const Station* to : receivers) {
    trial.expected[to->place()] = {frame.bytes};
    if (to->host != from.host) trial.expected[wire_of(from.host)] = {frame.tagged(from.vid).bytes};
  }
  return trial;
}

Drops drops_of(const std::vector<Trial>& trials) {
  Drops drops;
  for (const Trial& trial : trials) {
    if (!trial.drop_reason.empty()) ++drops[trial.drop_reason];
  }
  return drops;
}

std::vector<Trial> hostile_trials(const Station& from) {
  const uint16_t other = from.vid == 10 ? 20 : 10;
  std::vector<Trial> trials;
  for (const std::string& destination : all_destinations()) {
    if (destination == from.mac) continue;
    const Ends ends = Ends::between(from.mac, destination);
    const Stations to = receivers(others_of(from), from.vid, destination);
    for (const Frame& frame : {udp4(ends), tcp6(ends)}) trials.push_back(carried(from, frame, to));
    // A single priority tag selects no VLAN and is removed.
    Trial priority = carried(from, udp4(ends), to);
    priority.frame = priority.frame.tagged(0);
    trials.push_back(priority);
    for (const Frame& frame : with_forbidden_tags(ends, from.vid, other)) {
      trials.push_back(dropped(frame, "vlan_tagged"));
    }
  }
  for (const Frame& frame : {stp_bpdu(from.mac), lldp(from.mac), pause_frame(from.mac)}) {
    trials.push_back(dropped(frame, "link_local_control"));
  }
  for (const char* source : {kBroadcast, "01:00:5e:00:00:01", "00:00:00:00:00:00"}) {
    trials.push_back(dropped(udp4(Ends::between(source, kBroadcast)), "bad_source_mac"));
  }
  return trials;
}

std::vector<Trial> wire_trials(int host) {
  std::vector<Trial> trials;
  for (const std::string& destination : all_destinations()) {
    const Ends ends = Ends::between(kMacWire, destination);
    add_tenants_trials(trials, host, ends);
    add_hosts_trials(trials, host, ends);
  }
  for (const uint16_t vid : {uint16_t{10}, uint16_t{20}}) {
    trials.push_back(dropped(lldp(kMacWire).tagged(vid), "link_local_control"));
    const Frame nameless = udp4(Ends::between("00:00:00:00:00:00", kBroadcast));
    trials.push_back(dropped(nameless.tagged(vid), "bad_source_mac"));
  }
  return trials;
}

}  // namespace xvnet::test
