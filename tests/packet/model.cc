// SPDX-License-Identifier: BSD-2-Clause
#include "model.h"

#include <linux/if_ether.h>
#include <net/if_arp.h>

#include <algorithm>

#include "frame_view.h"

namespace xvnet::test {

namespace {

constexpr size_t kTagBytes = 4;

bool is_learned(const World::Station& station) { return station.slot < MAX_LEARNER_SLOTS; }

MacBytes mac_at(const Bytes& frame, size_t at) {
  MacBytes mac{};
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), mac.size(), mac.begin());
  return mac;
}

// The path of one frame through the switch.
class Path {
 public:
  Path(const World& world, Hook hook, const Sent& sent)
      : world_(world), hook_(hook), sent_(sent), fdb_(world.fdb) {}

  std::optional<Prediction> run() {
    if (is_too_short()) return drop("TRUNCATED");
    seen_ = view(sent_.frame);
    if (auto end = enter()) return end;
    const bool on_uplink = sent_.program != Program::kFromVm;
    if (on_uplink != (network_.uplink == sent_.from)) return std::nullopt;
    if (auto end = refuse()) return end;
    if (auto end = refuse_false_gateway()) return end;
    if (sent_.program != Program::kFromHost) learn();
    if (auto end = answer()) return end;
    return deliver();
  }

 private:
  enum class Where { kFlood, kPort, kUplink, kHost };

  bool is_too_short() const {
    return sent_.frame.size() < ETH_HLEN || view(sent_.frame).behind == 0;
  }

  // Finds the network of the frame. Returns a prediction if the frame ends here.
  std::optional<Prediction> enter() {
    return sent_.program == Program::kFromVm ? enter_from_vm() : enter_from_uplink();
  }

  std::optional<Prediction> enter_from_vm() {
    const auto port = world_.interfaces.find(sent_.from);
    const bool attached =
        port != world_.interfaces.end() && port->second.kind == abi::INTERFACE_PORT;
    if (!attached || !world_.networks.contains(port->second.network)) return drop("NOT_ATTACHED");
    enter_network(port->second.network);
    complete_ = (port->second.flags & abi::INTERFACE_CHECKSUMS_COMPLETE) != 0;
    return std::nullopt;
  }

  std::optional<Prediction> enter_from_uplink() {
    if (sent_.own_mark && hook_ == Hook::kTc) return leave("NOT_OURS");
    const auto uplink = world_.interfaces.find(sent_.from);
    if (uplink == world_.interfaces.end() || uplink->second.kind != abi::INTERFACE_UPLINK)
      return leave("NOT_OURS");
    complete_ = (uplink->second.flags & abi::INTERFACE_CHECKSUMS_COMPLETE) != 0;
    if (seen_.tag_type == ETH_P_8021AD) return leave("NOT_OURS");
    if (sent_.program == Program::kFromHost && seen_.vid() != 0) return leave("NOT_OURS");
    const auto vlan = world_.vlans.find({sent_.from, seen_.vid()});
    if (vlan == world_.vlans.end() || !world_.networks.contains(vlan->second))
      return leave("NOT_OURS");
    enter_network(vlan->second);
    return std::nullopt;
  }

  void enter_network(uint32_t id) {
    network_id_ = id;
    network_ = world_.networks.at(id);
  }

  std::optional<Prediction> refuse() {
    const bool bad = is_bad_source(sent_.frame);
    const bool control = is_link_local(sent_.frame, seen_.type);
    if (sent_.program == Program::kFromHost) return std::nullopt;
    if (sent_.program == Program::kFromVm) {
      const bool double_tag = seen_.tag_type != 0 && is_tag(seen_.type);
      if (seen_.tag_type == ETH_P_8021AD || seen_.vid() != 0 || double_tag)
        return drop("VLAN_TAGGED");
      if (bad) return drop("BAD_SOURCE_MAC");
      if (control) return drop("LINK_LOCAL_CONTROL");
      return std::nullopt;
    }
    if (!bad && !control) return std::nullopt;
    if (network_.vid == 0) return leave("NOT_OURS");
    return drop(control ? "LINK_LOCAL_CONTROL" : "BAD_SOURCE_MAC");
  }

  bool has(uint16_t flag) const { return (network_.flags & flag) != 0; }

  bool is_gateway(const Ipv4Bytes& address) const {
    const auto gateway = world_.gateways.find(network_id_);
    return gateway != world_.gateways.end() && gateway->second == address;
  }

  std::optional<Prediction> refuse_false_gateway() {
    if (sent_.program == Program::kFromHost || !has(abi::NETWORK_GATEWAY)) return std::nullopt;
    const auto claimed = arp_sender(without_tag(sent_.frame));
    if (mac_at(sent_.frame, ETH_ALEN) == kGatewayMac || (claimed && is_gateway(*claimed)))
      return drop("GATEWAY_SPOOFED");
    if (sent_.program == Program::kFromUplink && mac_at(sent_.frame, 0) == kGatewayMac)
      return drop("NOT_ROUTED");
    return std::nullopt;
  }

  bool is_to_gateway() const {
    return has(abi::NETWORK_GATEWAY) && mac_at(sent_.frame, 0) == kGatewayMac;
  }

  // The answers of the network itself, which only tc gives.
  std::optional<Prediction> answer() {
    if (sent_.program != Program::kFromVm || network_.flags == 0) return std::nullopt;
    const bool to_gateway = is_to_gateway();
    if (seen_.type != ETH_P_ARP && !to_gateway) return std::nullopt;
    if (hook_ == Hook::kXdp) return leave("PASS_TO_TC");
    if (seen_.type == ETH_P_ARP)
      if (auto end = answer_arp(); end || !to_gateway) return end;
    const auto gateway = world_.gateways.find(network_id_);
    const auto reply = gateway == world_.gateways.end()
                           ? std::nullopt
                           : ping_reply(without_tag(sent_.frame), gateway->second);
    return reply ? send_answer(*reply) : drop("NOT_ROUTED");
  }

  std::optional<Prediction> answer_arp() {
    const Bytes frame = without_tag(sent_.frame);
    const auto arp = view_arp(frame);
    if (arp && arp->operation == ARPOP_REPLY && is_to_gateway()) return take();
    if (!arp || arp->operation != ARPOP_REQUEST) return std::nullopt;
    if (is_gateway(arp->target)) return send_answer(arp_reply(frame, kGatewayMac));
    const auto found = world_.neighbours.find({network_id_, arp->target});
    if ((frame[0] & 1) == 0 || found == world_.neighbours.end()) return std::nullopt;
    const World::Neighbour& neighbour = found->second;
    const bool is_port = !neighbour.device.empty() && neighbour.device != network_.uplink;
    if (!is_port || neighbour.device == sent_.from) return std::nullopt;
    if (!world_.devices.contains(neighbour.device)) return std::nullopt;
    if (neighbour.mac != MacBytes{}) return send_answer(arp_reply(frame, neighbour.mac));
    asked_ = neighbour.device;
    return std::nullopt;
  }

  // The frame is consumed without a reply.
  Prediction take() const {
    Prediction result = carried("ANSWERED");
    result.outcome.verdict = Verdict::kDrop;
    return result;
  }

  Prediction send_answer(const Bytes& reply) const {
    const std::string reason = check_target(sent_.from);
    if (!reason.empty()) return drop(reason);
    Prediction result = carried("ANSWERED");
    result.outcome.bytes = result.redirected = reply;
    result.target = sent_.from;
    count_carried(result, sent_.from, "to");
    return result;
  }

  // A slot is free unless the FDB entry of its MAC is fresh and names this slot.
  bool has_free_slot(const MacBytes& mac) const {
    const auto learner = world_.learners.find({network_id_, sent_.from});
    if (learner == world_.learners.end()) return false;
    for (uint32_t slot = 0; slot < learner->second.slots.size(); ++slot) {
      const MacBytes& occupant = learner->second.slots[slot];
      const auto entry = world_.fdb.find({network_id_, occupant});
      if (occupant == mac || entry == world_.fdb.end()) return true;
      const World::Station& station = entry->second;
      if (station.device != sent_.from || station.slot != slot || !station.fresh) return true;
    }
    return false;
  }

  // The MAC is configured for another port, whose device is gone.
  bool is_orphaned(const World::Station& station) const {
    return station.slot == abi::FDB_SLOT_STATIC && station.device != sent_.from &&
           !world_.devices.contains(station.device);
  }

  void learn() {
    const MacBytes mac = mac_at(sent_.frame, ETH_ALEN);
    const auto known = fdb_.find({network_id_, mac});
    if (known != fdb_.end()) {
      if (!is_learned(known->second) && !is_orphaned(known->second)) return;
      if (known->second.fresh && known->second.device == sent_.from) return;
    }
    unlearned_ = !has_free_slot(mac);
    if (!unlearned_) fdb_[{network_id_, mac}] = {.device = sent_.from, .slot = 0, .fresh = true};
  }

  Prediction deliver() {
    const auto station = fdb_.find({network_id_, mac_at(sent_.frame, 0)});
    const bool group = (sent_.frame[0] & 1) != 0;
    if (!asked_.empty()) return send_if_allowed(Where::kPort, asked_);
    if (group || station == fdb_.end() || !station->second.fresh) return flood();
    const std::string& target = station->second.device;
    const bool shared = sent_.from == network_.uplink && network_.vid == 0;
    if (target == sent_.from) return shared ? leave("NOT_OURS") : drop("HAIRPIN");
    Where where = target == network_.uplink ? Where::kUplink : Where::kPort;
    if (station->second.slot == abi::FDB_SLOT_HOST) {
      where = Where::kHost;
      if (target != network_.uplink || network_.vid != 0) return drop("WRONG_NETWORK");
    }
    return send_if_allowed(where, target);
  }

  Prediction send_if_allowed(Where where, const std::string& target) {
    const std::string reason = check_target(target);
    const bool only_tc = reason.empty() ? !xdp_may_carry(where, target) : reason == "TOO_BIG";
    if (hook_ == Hook::kXdp && only_tc) return leave("PASS_TO_TC");
    return reason.empty() ? send(where, target) : drop(reason);
  }

  // The reason why the frame must not be sent to this target. Empty when it may be sent.
  std::string check_target(const std::string& target) const {
    const auto interface = world_.interfaces.find(target);
    if (interface == world_.interfaces.end()) return "NO_DEVICE";
    const bool is_uplink = target == network_.uplink;
    const bool inside =
        interface->second.kind == (is_uplink ? abi::INTERFACE_UPLINK : abi::INTERFACE_PORT) &&
        (is_uplink || interface->second.network == network_id_);
    if (!inside) return "WRONG_NETWORK";
    if (!world_.devices.contains(target)) return "NO_DEVICE";
    const size_t mtu = target == "c" ? kJumboMtu : ETH_DATA_LEN;
    const size_t room = is_tag(seen_.type) ? kTagBytes : 0;  // for a tag behind the outer one
    return counted_size() > mtu + ETH_HLEN + room ? "TOO_BIG" : "";
  }

  bool xdp_may_carry(Where where, const std::string& target) const {
    const auto interface = world_.interfaces.find(target);
    const bool takes_xdp = interface != world_.interfaces.end() &&
                           (interface->second.flags & abi::INTERFACE_XDP_TARGET) != 0;
    if (where == Where::kHost || where == Where::kFlood || !takes_xdp) return false;
    return complete_ || !may_be_partial(sent_.frame);
  }

  // tc moves a second tag into the sk_buff's metadata when it pops the first one, so that tag must
  // be whole.
  bool is_pop_refused() const {
    return hook_ == Hook::kTc && seen_.tag_type != 0 && is_tag(seen_.type) &&
           sent_.frame.size() < ETH_HLEN + 2 * kTagBytes;
  }

  Prediction send(Where where, const std::string& target) {
    if (is_pop_refused()) return drop("POP_FAILED");
    Prediction result = carried(where == Where::kHost ? "TO_HOST" : "FORWARDED");
    result.target = where == Where::kHost ? "host" : target;
    result.redirected = where == Where::kUplink ? as_on_uplink() : without_tag(sent_.frame);
    result.outcome.verdict = Verdict::kRedirect;
    result.outcome.bytes = shown(result.redirected);
    if (where == Where::kHost) {
      result.host = result.redirected;
    } else {
      count_carried(result, target, "to");
    }
    return result;
  }

  Prediction flood() {
    if (hook_ == Hook::kXdp) return leave("PASS_TO_TC");
    if (is_pop_refused()) return drop("POP_FAILED");
    Prediction result = carried("FLOODED");
    flood_ports(result);
    return sent_.from == network_.uplink ? end_on_uplink(std::move(result))
                                         : pass_to_uplink(std::move(result));
  }

  void flood_ports(Prediction& result) const {
    const auto members = world_.members.find(network_id_);
    if (members == world_.members.end()) return;
    for (const std::string& member : members->second) {
      if (member == sent_.from || member == network_.uplink) continue;
      const std::string reason = check_target(member);
      if (reason.empty()) {
        result.copies[member] = without_tag(sent_.frame);
        count_carried(result, member, "to");
      } else {
        count(result, member, "to", reason);
      }
    }
  }

  // A frame from the wire does not go back to the wire. In an untagged network, the host also gets
  // it.
  Prediction end_on_uplink(Prediction result) {
    if (network_.vid == 0) {
      result.host = sent_.frame;
      result.outcome.verdict = Verdict::kPass;
      result.outcome.bytes = seen_.tag_type != 0 ? shown(sent_.frame) : sent_.frame;
    } else {
      result.outcome.verdict = Verdict::kDrop;
      if (result.copies.empty()) return fail(std::move(result), "NO_RECEIVER");
    }
    return result;
  }

  Prediction pass_to_uplink(Prediction result) {
    const std::string& uplink = network_.uplink;
    const std::string reason = uplink.empty() ? "NO_RECEIVER" : check_target(uplink);
    if (reason.empty()) {
      if (network_.vid == 0) result.host = without_tag(sent_.frame);
      result.target = uplink;
      result.redirected = as_on_uplink();
      result.outcome.verdict = Verdict::kRedirect;
      result.outcome.bytes = shown(result.redirected);
      count_carried(result, uplink, "to");
      return result;
    }
    result.outcome.verdict = Verdict::kDrop;
    if (result.copies.empty()) return fail(std::move(result), reason);
    if (!uplink.empty()) count(result, uplink, "to", reason);
    return result;
  }

  // The frame keeps its priority bits and gets the network's VID.
  Bytes as_on_uplink() const {
    const auto tci = static_cast<uint16_t>((seen_.tci & 0xf000) | network_.vid);
    Frame frame{.bytes = without_tag(sent_.frame), .marker = {}, .vnet = {}};
    if (tci == 0) return frame.bytes;
    return frame
        .tagged({.vid = network_.vid,
                 .pcp = static_cast<uint8_t>(tci >> 13),
                 .dei = (tci & 0x1000) != 0,
                 .tpid = ETH_P_8021Q})
        .bytes;
  }

  // When tc changed a frame, its outer tag is in metadata, which a test run does not return.
  Bytes shown(const Bytes& frame) const { return hook_ == Hook::kTc ? without_tag(frame) : frame; }

  size_t counted_size() const { return sent_.frame.size() - (seen_.tag_type != 0 ? kTagBytes : 0); }

  void count(Prediction& result, const std::string& name, const std::string& side,
             const std::string& what, uint64_t times = 1) const {
    if (world_.counted.contains(name))
      result.outcome.counted[name + " " + side + " " + what] += times;
  }

  void count_carried(Prediction& result, const std::string& name, const std::string& side) const {
    count(result, name, side, "carried");
    count(result, name, side, "bytes", counted_size());
  }

  std::string own_side() const { return sent_.program == Program::kFromHost ? "to" : "from"; }

  Prediction ended(Verdict verdict, const std::string& reason) const {
    Prediction result;
    result.outcome = {verdict, sent_.frame, {}};
    result.reason = reason;
    result.fdb = fresh_entries(fdb_);
    return result;
  }

  Prediction leave(const std::string& reason) const {
    Prediction result = ended(Verdict::kPass, reason);
    result.host = sent_.frame;
    return result;
  }

  Prediction drop(const std::string& reason) const {
    return fail(ended(Verdict::kDrop, reason), reason);
  }

  Prediction fail(Prediction result, const std::string& reason) const {
    result.reason = reason;
    for (const char* what : {" from carried", " from bytes"})
      result.outcome.counted.erase(sent_.from + what);
    result.outcome.counted.erase(sent_.from + " from FDB_FULL");
    count(result, sent_.from, own_side(), reason);
    if (unlearned_) count(result, sent_.from, own_side(), "FDB_FULL");
    return result;
  }

  Prediction carried(const std::string& reason) const {
    Prediction result = ended(Verdict::kRedirect, reason);
    if (sent_.program != Program::kFromHost) count_carried(result, sent_.from, "from");
    if (unlearned_) count(result, sent_.from, own_side(), "FDB_FULL");
    return result;
  }

  const World& world_;
  Hook hook_;
  const Sent& sent_;
  World::Fdb fdb_;
  View seen_;
  uint32_t network_id_ = 0;
  World::Network network_;
  bool complete_ = false;
  bool unlearned_ = false;
  std::string asked_;  // the port that an ARP request is sent to
};

}  // namespace

std::optional<Prediction> predict(const World& world, Hook hook, const Sent& sent) {
  return Path(world, hook, sent).run();
}

World::Fdb fresh_entries(const World::Fdb& fdb) {
  World::Fdb fresh;
  for (const auto& [key, station] : fdb) {
    if (!station.fresh) continue;
    const uint32_t slot = is_learned(station) ? 0 : station.slot;
    fresh[key] = {.device = station.device, .slot = slot, .fresh = true};
  }
  return fresh;
}

}  // namespace xvnet::test
