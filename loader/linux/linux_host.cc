// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/linux_host.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "loader/linux/arp.h"
#include "loader/linux/attachments.h"
#include "loader/linux/backstop.h"
#include "loader/linux/conntrack.h"
#include "loader/linux/device_name.h"
#include "loader/linux/ethtool.h"
#include "loader/linux/host_nat.h"
#include "loader/linux/host_use.h"
#include "loader/linux/instance_pins.h"
#include "loader/linux/library_log.h"
#include "loader/linux/link_query.h"
#include "loader/linux/links.h"
#include "loader/linux/other_instance.h"
#include "loader/linux/remnants.h"
#include "loader/linux/sockets.h"
#include "loader/linux/sysctl.h"
#include "loader/linux/tap.h"
#include "loader/linux/veth_peer.h"
#include "loader/linux/xdp_support.h"

namespace xvnet {
namespace {

Result<std::optional<Link>> link_of(Result<std::optional<LinkReport>> report) {
  if (!report) return std::unexpected(std::move(report).error());
  if (!*report) return std::nullopt;
  return std::move((*report)->link);
}

// Sockets are opened for each call, so links, programs and tables are always those of the calling
// thread's namespace. Only Backstops keeps its socket.
class LinuxHost : public Host {
 public:
  explicit LinuxHost(const LinuxHostOptions& options)
      : pins_(options.instance,
              options.verbose_verifier ? VerifierLog::kWhole : VerifierLog::kLastLines),
        attachments_(pins_.root()),
        backstops_(options.instance) {}

  Result<std::optional<Link>> find_link(std::string_view name) const override {
    return link_of(query_link(name));
  }
  Result<std::optional<Link>> find_link(std::uint32_t ifindex) const override {
    return link_of(query_link(ifindex));
  }
  Result<Link> create_tap(const TapSpec& spec) override {
    XVNET_TRY(create_persistent_tap(spec));
    XVNET_ASSIGN(link, find_link(spec.name));
    if (!link) return fail(fmt::format("create tap {:?}: it does not exist any more", spec.name));
    return std::move(*link);
  }
  Result<void> create_veth(std::string_view name, std::string_view peer) override {
    return create_veth_pair(name, peer);
  }
  Result<void> delete_link(std::uint32_t ifindex) override { return delete_link_by_index(ifindex); }
  Result<bool> delete_unless_open(std::uint32_t ifindex) override {
    XVNET_ASSIGN(link, find_link(ifindex));
    if (link && link->kind == LinkKind::kTap) return delete_idle_tap(*link);
    XVNET_TRY(delete_link_by_index(ifindex));
    return true;
  }
  Result<void> set_name(std::uint32_t ifindex, std::string_view name) override {
    return set_link_name(ifindex, name);
  }
  Result<void> set_alias(std::uint32_t ifindex, std::string_view alias) override {
    return set_link_alias(ifindex, alias);
  }
  Result<void> set_up(std::uint32_t ifindex, bool up) override {
    return set_link_flags(ifindex, IFF_UP, up);
  }
  Result<void> set_mtu(std::uint32_t ifindex, std::uint32_t mtu) override {
    return set_link_mtu(ifindex, mtu);
  }
  Result<void> set_promiscuous(std::uint32_t ifindex, bool on) override {
    return set_link_flags(ifindex, IFF_PROMISC, on);
  }
  Result<void> set_master(std::uint32_t ifindex, std::uint32_t master) override {
    return set_link_master(ifindex, master);
  }
  Result<void> set_noise(std::uint32_t ifindex, const Noise& noise) override {
    return set_link_noise(ifindex, noise);
  }
  Result<void> set_backstop(std::uint32_t ifindex, bool on) override {
    return backstops_.set(ifindex, on);
  }
  Result<bool> lacks_backstop(std::uint32_t ifindex) const override {
    return backstops_.lacks(ifindex);
  }
  Result<void> guard(std::uint32_t ifindex, HostAddresses addresses) override {
    return guard_link(ifindex, addresses);
  }
  Result<std::vector<std::string>> unguarded(std::uint32_t ifindex,
                                             HostAddresses addresses) const override {
    return list_unguarded(ifindex, addresses);
  }
  Result<std::vector<SharedSetting>> overruling() const override { return list_overruling(); }
  Result<void> add_address(std::uint32_t ifindex, std::string_view cidr) override {
    return add_link_address(ifindex, cidr);
  }
  Result<void> remove_address(std::uint32_t ifindex, std::string_view cidr) override {
    return remove_link_address(ifindex, cidr);
  }
  Result<bool> has_address(std::uint32_t ifindex, std::string_view cidr) const override {
    return has_link_address(ifindex, cidr);
  }
  Result<std::vector<InterfaceAddress>> ipv4_addresses(std::uint32_t ifindex) const override {
    return list_ipv4_addresses(ifindex);
  }
  Result<std::string> address_holder(const abi::address& address) const override {
    XVNET_ASSIGN(ifindex, find_address_holder(address));
    return ifindex ? device_name(ifindex) : std::string();
  }
  Result<std::vector<std::uint32_t>> default_route_devices() const override {
    return find_default_route_devices();
  }
  Result<std::vector<std::string>> random_translations() const override {
    return find_random_translations();
  }
  Result<PortSet> published_ports(Ipv4 address) const override {
    return find_published_ports(address);
  }
  Result<std::vector<std::string>> unlocked_route_mtus() const override {
    return find_unlocked_route_mtus();
  }
  Result<std::string> host_use(std::uint32_t ifindex) const override {
    XVNET_ASSIGN(link, find_link(ifindex));
    return link ? find_host_use(*link) : std::string();
  }
  Result<std::string> other_instance(std::uint32_t ifindex) const override {
    return find_other_instance(pins_.root(), ifindex);
  }
  Result<std::optional<Mac>> probe_address(std::uint32_t ifindex, Ipv4 address) const override {
    return send_arp_probe(ifindex, address);
  }
  Result<void> set_forwarding(std::uint32_t ifindex, bool on) override {
    return set_link_ipv4(ifindex, "forwarding", on);
  }
  Result<void> set_accept_local(std::uint32_t ifindex, bool on) override {
    return set_link_ipv4(ifindex, "accept_local", on);
  }
  Result<void> announce_address(std::uint32_t ifindex, Ipv4 address) override {
    return send_arp_announcement(ifindex, address);
  }
  Result<FeatureState> feature(std::uint32_t ifindex, Feature feature) const override {
    return read_feature(ifindex, feature_name(feature));
  }
  Result<void> set_feature(std::uint32_t ifindex, Feature feature, bool on) override {
    return write_feature(ifindex, feature_name(feature), on);
  }
  Result<VethPeer> veth_peer(std::uint32_t ifindex) const override {
    return examine_veth_peer(ifindex);
  }
  Result<void> set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) override {
    return write_peer_feature(ifindex, feature, on);
  }
  Result<XdpSupport> xdp_support(const Link& link) const override { return read_xdp_support(link); }
  Result<std::string> foreign_xdp(std::uint32_t ifindex) const override {
    return attachments_.foreign_xdp(ifindex);
  }

  Result<PortSet> reserved_ports() const override { return read_reserved_ports(); }
  Result<void> set_reserved_ports(const PortSet& ports) override {
    return write_reserved_ports(ports);
  }
  Result<PortSet> ports_in_use(Transport transport, Ipv4 address) const override {
    XVNET_ASSIGN(sockets, socket_ports(transport, address));
    XVNET_ASSIGN(tracked, tracked_ports(transport, address));
    return sockets | tracked;
  }

  Result<void> attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp) override {
    return attachments_.attach(program, ifindex, hook, share_xdp);
  }
  Result<void> detach(std::uint32_t ifindex, Hook hook) override {
    return attachments_.detach(ifindex, hook);
  }
  Result<Attachment> attachment(std::uint32_t ifindex, Hook hook) const override {
    return attachments_.state(ifindex, hook);
  }

  Result<void> open_for_change() override { return pins_.open_for_change(); }
  Result<bool> open_for_reading() override { return pins_.open_for_reading(); }
  Result<void> load_tail_calls() override { return pins_.load_tail_calls(); }
  RawTable& table(TableId id) override { return pins_.table(id); }
  Result<void> remove_pins() override { return pins_.remove(); }
  Result<void> remove_dead_pins() override { return pins_.remove_dead(); }

  Result<std::vector<std::string>> missing_tables() const override {
    return pins_.missing_tables();
  }
  Result<std::vector<std::string>> missing_programs() const override {
    return pins_.missing_programs();
  }
  Result<void> open_remains(Opening opening) override {
    XVNET_ASSIGN(found, remnants());
    return pins_.open_remains(opening, !found.empty());
  }
  Result<std::vector<Remnant>> remnants() const override {
    return find_remnants(pins_.root(), attachments_, backstops_);
  }

  std::string build() const override { return build_id(); }
  Result<bool> open_for_upgrade() override { return pins_.open_for_upgrade(); }
  Result<bool> commit_upgrade() override { return pins_.commit_upgrade(); }
  Result<void> revert_upgrade(std::span<const Placement> moved) override {
    XVNET_ASSIGN(root, pins_.previous_root());
    Attachments previous(root);
    for (const Placement& each : moved) {
      const auto done = previous.attach(each.program, each.ifindex, each.hook, each.share_xdp);
      XVNET_ASSIGN(link, find_link(each.ifindex));
      if (!done && link) return done;
    }
    return pins_.forget_upgrade();
  }

  // Programs run under RCU. On kernels with nohz_full the call fails, and nothing waits.
  void wait_for_programs() override { syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); }

  std::uint64_t monotonic_ns() const override {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kNanosecondsPerSecond +
           static_cast<std::uint64_t>(now.tv_nsec);
  }

 private:
  InstancePins pins_;
  Attachments attachments_;
  mutable Backstops backstops_;
};

}  // namespace

Result<std::unique_ptr<Host>> make_linux_host(const LinuxHostOptions& options) {
  const std::string& name = options.instance;
  if (!is_instance_name(name))
    return fail(ErrorKind::kUsage, fmt::format("open instance {:?}: not an instance name", name));
  silence_libraries();
  return std::make_unique<LinuxHost>(options);
}

}  // namespace xvnet
