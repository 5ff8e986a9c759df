// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/veth_peer.h"

#include <fmt/format.h>

#include "loader/linux/device_name.h"
#include "loader/linux/ethtool.h"
#include "loader/linux/link_query.h"
#include "loader/linux/network_namespace.h"

namespace xvnet {
namespace {

Result<LinkReport> query_veth(std::uint32_t ifindex) {
  auto report = query_link(ifindex);
  if (!report) return std::unexpected(report.error());
  std::string doing = fmt::format("find the peer of device {}", quoted_device(ifindex));
  if (!*report) return fail(doing + ": no such device");
  if ((*report)->link.kind != LinkKind::kVeth) return fail(doing + ": not a veth");
  return **report;
}

// The answer of examine_veth_peer(); runs in the peer's namespace. GRO would also give the peer
// NAPI. But on 6.18, GRO that was turned on while the peer was down shows as on and gives none, so
// only an XDP program is proof.
Result<VethPeer> examine(std::uint32_t peer) {
  XVNET_ASSIGN(report, query_link(peer));
  if (!report) return VethPeer{};
  XVNET_ASSIGN(ctag, read_feature(peer, feature_name(Feature::kTxVlanCtag)));
  XVNET_ASSIGN(stag, read_feature(peer, feature_name(Feature::kTxVlanStag)));
  return VethPeer{.is_reachable = true,
                  .receives_xdp = !report->xdp_programs.empty(),
                  .tx_vlan_ctag = ctag,
                  .tx_vlan_stag = stag};
}

}  // namespace

Result<VethPeer> examine_veth_peer(std::uint32_t ifindex) {
  XVNET_ASSIGN(veth, query_veth(ifindex));
  std::uint32_t peer = veth.peer_ifindex;
  if (peer == 0) return VethPeer{};
  if (!veth.peer_namespace) return examine(peer);
  auto home = find_network_namespace(*veth.peer_namespace);
  if (!home) return VethPeer{};
  auto found = run_inside(*home, [&] { return examine(peer); });
  // Entering a namespace needs CAP_SYS_ADMIN, which xvnet does not need otherwise.
  if (!found && found.error().kind == ErrorKind::kNotPermitted) return VethPeer{};
  return found;
}

Result<void> write_peer_feature(std::uint32_t ifindex, Feature feature, bool on) {
  XVNET_ASSIGN(veth, query_veth(ifindex));
  std::string doing = fmt::format("turn {} feature {:?} of the peer of {}", on ? "on" : "off",
                                  feature_name(feature), quoted_device(ifindex));
  std::uint32_t peer = veth.peer_ifindex;
  if (peer == 0) return fail(doing + ": it has no peer");
  if (!veth.peer_namespace) return write_feature(peer, feature_name(feature), on);
  auto home = find_network_namespace(*veth.peer_namespace);
  if (!home) return fail(doing + ": its network namespace was not found");
  auto done = run_inside(*home, [&] { return write_feature(peer, feature_name(feature), on); });
  if (!done) return fail(done.error().kind, doing + ": " + done.error().message);
  return {};
}

}  // namespace xvnet
