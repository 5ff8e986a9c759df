// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "loader/base/tables.h"

namespace xvnet {
namespace {

// Why XDP cannot run on the device.
struct Obstacle {
  ErrorKind kind = ErrorKind::kUnsupported;
  std::string cause;
  std::string hint;
};

// Paravirtual NICs pass on partial checksums from their host.
bool is_hardware(const Link& link) {
  static constexpr std::array kParavirtual = {"virtio_net", "vif", "vmxnet3", "hv_netvsc",
                                              "veth",       "tun", ""};
  return std::ranges::find(kParavirtual, link.driver) == kParavirtual.end();
}

// Adds the feature to those to turn off if it is on. Returns true if it is on and cannot be turned
// off.
bool hides_tags(std::vector<Feature>& off, Feature feature, const FeatureState& state) {
  if (state.is_on && !state.is_fixed) off.push_back(feature);
  return state.is_on && state.is_fixed;
}

Result<std::optional<Obstacle>> examine_veth(const Host& host, const Link& link,
                                             ModeChoice& choice) {
  XVNET_ASSIGN(peer, host.veth_peer(link.ifindex));
  choice.is_xdp_target = peer.receives_xdp;
  if (!peer.is_reachable)
    return Obstacle{.cause = "its other end is in a namespace that xvnet cannot enter",
                    .hint = "use ‹mode› tc, or run as root: XDP needs its VLAN offload turned off"};
  if (hides_tags(choice.peer_features_off, Feature::kTxVlanCtag, peer.tx_vlan_ctag) ||
      hides_tags(choice.peer_features_off, Feature::kTxVlanStag, peer.tx_vlan_stag))
    return Obstacle{.cause = "the other end's VLAN offload cannot be turned off",
                    .hint = "use ‹mode› tc"};
  return std::nullopt;
}

Result<std::optional<Obstacle>> examine_nic(const Host& host, const Link& link,
                                            ModeChoice& choice) {
  XVNET_ASSIGN(support, host.xdp_support(link));
  choice.is_xdp_target = support.redirect_target;
  choice.has_complete_checksums = is_hardware(link);
  if (!support.native)
    return Obstacle{.cause = "its driver has no native XDP", .hint = "use ‹mode› tc"};
  for (Feature feature : {Feature::kRxVlanCtag, Feature::kRxVlanStag}) {
    XVNET_ASSIGN(state, host.feature(link.ifindex, feature));
    if (hides_tags(choice.features_off, feature, state))
      return Obstacle{.cause = "its VLAN offload hides tags from XDP and cannot be turned off",
                      .hint = "use ‹mode› tc"};
  }
  return std::nullopt;
}

Result<std::optional<Obstacle>> examine(const Host& host, const Link& link,
                                        const ModeQuestion& question, ModeChoice& choice) {
  std::optional<Obstacle> obstacle;
  if (link.kind == LinkKind::kVeth) {
    XVNET_ASSIGN(found, examine_veth(host, link, choice));
    obstacle = std::move(found);
  } else if (link.kind == LinkKind::kOther) {
    XVNET_ASSIGN(found, examine_nic(host, link, choice));
    obstacle = std::move(found);
  } else {
    choice.is_xdp_target = true;
  }
  if (obstacle || question.share_xdp) return obstacle;
  XVNET_ASSIGN(foreign, host.foreign_xdp(link.ifindex));
  if (foreign.empty()) return obstacle;
  return Obstacle{
      .kind = ErrorKind::kFailed,
      .cause = fmt::format("another XDP program, {}, is attached", foreign),
      .hint = question.role == Role::kUplink ? "use ‹mode› tc, or ‹shared_xdp›" : "use ‹mode› tc"};
}

// The mode that `auto` prefers where XDP is possible.
Mode preferred(const Link& link, const ModeQuestion& question, std::string& why) {
  if (link.kind == LinkKind::kVeth) {
    why = "veth frames have partial checksums, which only tc can forward";
    return Mode::kTc;
  }
  if (link.kind == LinkKind::kTap && question.guest_offloads) {
    why = "the guest may send partial checksums, which only tc can forward";
    return Mode::kTc;
  }
  why = link.kind == LinkKind::kTap ? "the guest sends complete checksums"
                                    : "the driver supports XDP";
  return Mode::kXdp;
}

}  // namespace

const char* format_mode(Mode mode) {
  switch (mode) {
    case Mode::kXdp:
      return "xdp";
    case Mode::kTc:
      return "tc";
    default:
      return "auto";
  }
}

Result<ModeChoice> choose_mode(const Host& host, const Link& link, const ModeQuestion& question) {
  ModeChoice choice;
  XVNET_ASSIGN(obstacle, examine(host, link, question, choice));
  if (question.role == Role::kPort) choice.has_complete_checksums = !question.guest_offloads;
  choice.has_xdp_on_sk_buffs = link.kind == LinkKind::kTap;

  if (question.asked == Mode::kTc) {
    choice.why = "requested";
    choice.is_xdp_target = false;
  } else if (question.asked == Mode::kXdp) {
    if (obstacle)
      return fail(obstacle->kind, fmt::format("use XDP on {:?}: {}", link.name, obstacle->cause),
                  obstacle->hint);
    choice.mode = Mode::kXdp;
    choice.why = "requested";
  } else if (obstacle) {
    choice.why = obstacle->cause;
  } else {
    choice.mode = preferred(link, question, choice.why);
  }
  if (choice.mode == Mode::kTc) {
    choice.features_off.clear();
    choice.peer_features_off.clear();
    choice.warnings.clear();
  }
  return choice;
}

std::uint16_t interface_flags(const ModeChoice& choice, const abi::device_record& record) {
  return (record.flags & abi::RECORD_HOST_SIDE ? abi::INTERFACE_TO_HOST : 0) |
         (choice.is_xdp_target ? abi::INTERFACE_XDP_TARGET : 0) |
         (choice.has_complete_checksums ? abi::INTERFACE_CHECKSUMS_COMPLETE : 0) |
         (choice.has_xdp_on_sk_buffs ? abi::INTERFACE_XDP_ON_SK_BUFFS : 0);
}

}  // namespace xvnet
