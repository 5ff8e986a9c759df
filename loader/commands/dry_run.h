// SPDX-License-Identifier: BSD-2-Clause
//
// A dry run of a change. Reads see the wrapped kernel with the writes of the dry run on top. Writes
// stay in memory and are recorded as lines. Operations of Instance run unchanged, with all their
// checks.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "loader/base/host.h"
#include "loader/commands/dry_run_tables.h"

namespace xvnet {

class DryRun final : public Host {
 public:
  // Opens `host` only for reading. It must outlive the DryRun.
  explicit DryRun(Host& host);

  // The steps of the change, in order, such as "create tap tap0". Table writes are listed as the
  // object they belong to.
  const std::vector<std::string>& steps() const { return steps_; }

  Result<std::optional<Link>> find_link(std::string_view name) const override;
  Result<std::optional<Link>> find_link(std::uint32_t ifindex) const override;
  Result<Link> create_tap(const TapSpec& spec) override;
  Result<void> create_veth(std::string_view name, std::string_view peer) override;
  Result<void> delete_link(std::uint32_t ifindex) override;
  Result<bool> delete_unless_open(std::uint32_t ifindex) override;
  Result<void> set_name(std::uint32_t ifindex, std::string_view name) override;
  Result<void> set_alias(std::uint32_t ifindex, std::string_view alias) override;
  Result<void> set_up(std::uint32_t ifindex, bool up) override;
  Result<void> set_mtu(std::uint32_t ifindex, std::uint32_t mtu) override;
  Result<void> set_promiscuous(std::uint32_t ifindex, bool on) override;
  Result<void> set_master(std::uint32_t ifindex, std::uint32_t master) override;
  Result<void> set_noise(std::uint32_t ifindex, const Noise& noise) override;
  Result<void> set_backstop(std::uint32_t ifindex, bool on) override;
  Result<bool> lacks_backstop(std::uint32_t ifindex) const override;
  Result<void> guard(std::uint32_t ifindex, HostAddresses addresses) override;
  Result<std::vector<std::string>> unguarded(std::uint32_t ifindex,
                                             HostAddresses addresses) const override;
  Result<std::vector<SharedSetting>> overruling() const override { return host_->overruling(); }
  Result<void> add_address(std::uint32_t ifindex, std::string_view cidr) override;
  Result<void> remove_address(std::uint32_t ifindex, std::string_view cidr) override;
  Result<bool> has_address(std::uint32_t ifindex, std::string_view cidr) const override;
  Result<std::vector<InterfaceAddress>> ipv4_addresses(std::uint32_t ifindex) const override;
  Result<std::string> address_holder(const abi::address& address) const override {
    return host_->address_holder(address);
  }
  Result<std::string> host_use(std::uint32_t ifindex) const override;
  Result<std::vector<std::uint32_t>> default_route_devices() const override {
    return host_->default_route_devices();
  }
  Result<std::vector<std::string>> random_translations() const override {
    return host_->random_translations();
  }
  Result<PortSet> published_ports(Ipv4 address) const override {
    return host_->published_ports(address);
  }
  Result<std::vector<std::string>> unlocked_route_mtus() const override {
    return host_->unlocked_route_mtus();
  }
  Result<std::string> other_instance(std::uint32_t ifindex) const override;
  // Always empty: a dry run sends no frames.
  Result<std::optional<Mac>> probe_address(std::uint32_t, Ipv4) const override {
    return std::nullopt;
  }
  Result<void> set_forwarding(std::uint32_t ifindex, bool on) override;
  Result<void> set_accept_local(std::uint32_t ifindex, bool on) override;
  Result<void> announce_address(std::uint32_t ifindex, Ipv4 address) override;
  Result<FeatureState> feature(std::uint32_t ifindex, Feature feature) const override;
  Result<void> set_feature(std::uint32_t ifindex, Feature feature, bool on) override;
  Result<VethPeer> veth_peer(std::uint32_t ifindex) const override;
  Result<void> set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) override;
  Result<XdpSupport> xdp_support(const Link& link) const override;
  Result<std::string> foreign_xdp(std::uint32_t ifindex) const override;

  Result<PortSet> reserved_ports() const override;
  Result<void> set_reserved_ports(const PortSet& ports) override;
  Result<PortSet> ports_in_use(Transport transport, Ipv4 address) const override {
    return host_->ports_in_use(transport, address);
  }

  Result<void> attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp) override;
  Result<void> detach(std::uint32_t ifindex, Hook hook) override;
  Result<Attachment> attachment(std::uint32_t ifindex, Hook hook) const override;

  Result<void> open_for_change() override;
  Result<void> load_tail_calls() override { return {}; }
  Result<bool> open_for_reading() override;
  RawTable& table(TableId id) override;
  Result<void> remove_pins() override;
  Result<void> remove_dead_pins() override { return {}; }

  Result<std::vector<std::string>> missing_tables() const override {
    return host_->missing_tables();
  }
  Result<std::vector<std::string>> missing_programs() const override {
    return host_->missing_programs();
  }
  Result<void> open_remains(Opening opening) override;
  Result<std::vector<Remnant>> remnants() const override;

  std::string build() const override { return host_->build(); }
  Result<bool> open_for_upgrade() override;
  Result<bool> commit_upgrade() override { return is_upgrade_; }
  Result<void> revert_upgrade(std::span<const Placement> moved) override;

  void wait_for_programs() override {}
  std::uint64_t monotonic_ns() const override { return host_->monotonic_ns(); }

 private:
  void record_step(std::string line);

  Link make_link(std::string_view name, LinkKind kind);
  Result<Link> link_of(std::uint32_t ifindex) const;  // fails if there is none
  std::string name_of(std::uint32_t ifindex) const;
  // Sets a field of a link and records `what` as a step. Does nothing if the link has the value
  // already.
  template <typename T>
  Result<void> set(std::uint32_t ifindex, T Link::* field, const T& value, std::string_view what);

  Host* host_;
  bool exists_ = false;      // the instance exists
  bool is_upgrade_ = false;  // the pinned programs are of another build
  std::vector<std::string> steps_;
  DryRunTables tables_;
  std::map<std::uint32_t, std::optional<Link>> links_;  // made or changed here; nullopt: deleted
  std::uint32_t next_ifindex_;
  std::map<std::pair<std::uint32_t, Feature>, FeatureState> features_;
  std::map<std::uint32_t, VethPeer> peers_;
  std::map<std::uint32_t, bool> backstops_;
  std::map<std::uint32_t, HostAddresses> guarded_;
  std::optional<PortSet> reserved_ports_;  // nullopt: unchanged
  std::map<std::pair<std::uint32_t, Hook>, Attachment> attachments_;
};

}  // namespace xvnet
