// SPDX-License-Identifier: BSD-2-Clause
//
// A Host in memory. It behaves as loader/base/host.h says. It keeps a journal of every call that
// changes something, and fails or "is killed" on demand. After each change it checks the invariants
// and records each broken one in violations().
//
// The methods marked "World" stand for events outside xvnet: a NIC appears, a TAP vanishes, a
// program learns a guest's MAC. They are not in the journal, and they are not steps that can fail.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fake_table.h"
#include "loader/base/host.h"
#include "loader/base/text.h"
#include "maps/records.h"

namespace xvnet::test {

struct FakeDevice {
  Link link;
  std::uint64_t birth = 0;                   // distinguishes devices with the same ifindex
  std::set<std::string> addresses;           // the first one is primary
  std::map<Feature, FeatureState> features;  // an absent feature is off and fixed
  XdpSupport xdp;
  std::string foreign_xdp;
  std::uint32_t peer = 0;  // the other end of a veth
  bool peer_is_reachable = true;
  std::string other_instance;  // another instance that uses this device
  bool has_backstop = false;
  std::optional<HostAddresses> guarded;
};

// What is left of an attachment by clsact filter, the kind used on kernels without tcx.
enum class FilterPart { kBoth, kFilter, kPin };

// A pinned program of one hook of one device. The device may be gone.
struct FakePin {
  Program program;
  std::uint64_t birth;
  bool shares_xdp;
  std::string build;
  FilterPart left = FilterPart::kBoth;
};

class FakeHost final : public Host {
 public:
  using Hooks = std::pair<std::uint32_t, Hook>;

  FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost() override;

  // World. The references stay valid until the device is removed.
  FakeDevice& add_tap(const std::string& name);
  FakeDevice& add_veth(const std::string& name, const std::string& peer);
  FakeDevice& add_nic(const std::string& name);  // native XDP; rx-vlan features on and changeable
  FakeDevice& device(const std::string& name);   // the device must exist
  bool has(const std::string& name) const;
  void remove(const std::string& name);
  void count_ifindexes_from(std::uint32_t ifindex) { next_ifindex_ = ifindex; }
  void recreate(const std::string& name);                    // a TAP or NIC gets a new ifindex
  void recreate_with_same_ifindex(const std::string& name);  // as after the ifindex counter wrapped
  void evict(const std::string& name, Hook hook);            // as if the operator removed the pin
  // Leaves one part of an attachment by clsact filter.
  void leave(const std::string& name, Hook hook, FilterPart left);
  void lose(TableId table);  // as if the operator removed the table's pin
  void lose(Program program) { lost_programs_.insert(program); }
  void lose_pins();  // removes every pin; state without a pin stays
  void rename(const std::string& name, const std::string& to) { device(name).link.name = to; }
  void set_clock(std::uint64_t ns) { now_ns_ = ns; }
  void reserve(const std::string& ports) { reserved_ports_ |= *parse_ports(ports); }
  void open_socket(Transport transport, std::uint16_t port) { sockets_.emplace(transport, port); }
  // A station on every LAN answers ARP requests for the address.
  void answer_on_lan(Ipv4 address) { answered_ = address; }
  void refuse_announcements() { refuses_announcements_ = true; }
  // Gives a setting that applies to all devices another value, which overrules the guards.
  void overrule(const SharedSetting& setting) { overruling_.push_back(setting); }
  void publish(std::uint16_t port) { published_ports_.set(port); }
  void lose_default_route() { has_default_route_ = false; }
  void translate_at_random(const std::string& place) { random_translations_.push_back(place); }

  // The n-th change from now, counted from 1, fails; all others work.
  void fail_at(int n);
  // The n-th change from now and all later ones fail: what SIGKILL at that moment leaves behind.
  void die_at(int n);
  // The device vanishes at the n-th call from now, counted from 1, that queries a device or changes
  // something.
  void vanish_at(int n, const std::string& name);
  // The number of such calls since vanish_at().
  int calls() const { return calls_; }
  // Every removal from the table fails until heal(). A refused removal does not count as a step.
  void refuse_removal_from(TableId table) { keeps_ = table; }
  void heal() {
    fail_at(0);
    keeps_.reset();
  }
  // All later processes run this build.
  void set_build(const std::string& build) { build_ = build; }
  // Starts a new process: the lock is free and the journal is empty.
  void start_process();

  const std::vector<std::string>& journal() const { return journal_; }
  // The ARP announcements of all processes, as "eth0 203.0.113.5". An announcement is not a change.
  const std::vector<std::string>& announcements() const { return announcements_; }
  const std::vector<std::string>& violations() const { return violations_; }
  int steps() const {
    return steps_;
  }  // changes tried since the last fail_at(), die_at() or heal()
  bool was_hit() const { return was_hit_; }

  bool is_loaded() const { return is_loaded_; }
  bool is_settled() const { return pinned_meta().settled != 0; }
  const std::string& loaded_build() const { return loaded_build_; }
  // True when the tail-call tables of every running build are filled.
  bool has_tail_calls() const;
  bool is_locked() const { return is_locked_; }
  const std::map<std::uint32_t, FakeDevice>& devices() const { return devices_; }
  const std::map<Hooks, FakePin>& pins() const { return pins_; }
  FakeTable& fake_table(TableId id) { return *tables_.at(id); }
  const FakeTable& fake_table(TableId id) const { return *tables_.at(id); }
  std::string name_of(std::uint32_t ifindex) const;  // "#7" when there is no such device

  // Host
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
  Result<std::vector<SharedSetting>> overruling() const override { return overruling_; }
  Result<void> add_address(std::uint32_t ifindex, std::string_view cidr) override;
  Result<void> remove_address(std::uint32_t ifindex, std::string_view cidr) override;
  Result<bool> has_address(std::uint32_t ifindex, std::string_view cidr) const override;
  Result<std::vector<InterfaceAddress>> ipv4_addresses(std::uint32_t ifindex) const override;
  Result<std::string> address_holder(const abi::address& address) const override;
  Result<std::string> host_use(std::uint32_t ifindex) const override;
  // The default route leads through every device until it is lost.
  Result<std::vector<std::uint32_t>> default_route_devices() const override;
  Result<std::vector<std::string>> random_translations() const override {
    return random_translations_;
  }
  Result<PortSet> published_ports(Ipv4) const override { return published_ports_; }
  Result<std::vector<std::string>> unlocked_route_mtus() const override {
    return std::vector<std::string>{};
  }
  Result<std::string> other_instance(std::uint32_t ifindex) const override;
  Result<std::optional<Mac>> probe_address(std::uint32_t ifindex, Ipv4 address) const override;
  Result<void> set_forwarding(std::uint32_t ifindex, bool on) override;
  Result<void> set_accept_local(std::uint32_t ifindex, bool on) override;
  Result<void> announce_address(std::uint32_t ifindex, Ipv4 address) override;
  Result<FeatureState> feature(std::uint32_t ifindex, Feature feature) const override;
  Result<void> set_feature(std::uint32_t ifindex, Feature feature, bool on) override;
  Result<VethPeer> veth_peer(std::uint32_t ifindex) const override;
  Result<void> set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) override;
  Result<XdpSupport> xdp_support(const Link& link) const override;
  Result<std::string> foreign_xdp(std::uint32_t ifindex) const override;
  Result<PortSet> reserved_ports() const override { return reserved_ports_; }
  Result<void> set_reserved_ports(const PortSet& ports) override;
  Result<PortSet> ports_in_use(Transport transport, Ipv4 address) const override;
  Result<void> attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp) override;
  Result<void> detach(std::uint32_t ifindex, Hook hook) override;
  Result<Attachment> attachment(std::uint32_t ifindex, Hook hook) const override;
  Result<void> open_for_change() override;
  Result<bool> open_for_reading() override;
  Result<void> load_tail_calls() override;
  RawTable& table(TableId id) override;
  Result<void> remove_pins() override;
  Result<void> remove_dead_pins() override { return {}; }
  Result<std::vector<std::string>> missing_tables() const override;
  Result<std::vector<std::string>> missing_programs() const override;
  Result<void> open_remains(Opening opening) override;
  Result<std::vector<Remnant>> remnants() const override;
  std::string build() const override { return build_; }
  Result<bool> open_for_upgrade() override;
  Result<bool> commit_upgrade() override;
  Result<void> revert_upgrade(std::span<const Placement> moved) override;
  void wait_for_programs() override {}
  std::uint64_t monotonic_ns() const override { return now_ns_; }

 private:
  using Act = std::function<Result<void>()>;

  abi::meta pinned_meta() const;
  std::string pinned_build() const { return text_of(pinned_meta().build); }

  // Every change goes through here: the journal, the injected failures, the invariants.
  Result<void> step(const std::string& line, const Act& act);
  Result<void> on_device(std::string what, std::uint32_t ifindex,
                         const std::function<Result<void>(FakeDevice&)>& act);
  FakeDevice& add(const std::string& name, LinkKind kind);
  void add_veth_pair(const std::string& name, const std::string& peer);
  void drop_device(std::uint32_t ifindex);
  // Removes the device when the call is reached that vanish_at() named.
  void let_vanish() const;
  FakeDevice* find(std::uint32_t ifindex);
  const FakeDevice* find(std::uint32_t ifindex) const;
  const FakeDevice* find(std::string_view name) const;
  Result<void> change_feature(FakeDevice& device, Feature feature, bool on);
  void make_tables();

  std::map<std::uint32_t, FakeDevice> devices_;
  std::map<Hooks, FakePin> pins_;
  std::map<TableId, std::unique_ptr<FakeTable>> tables_;
  std::string build_ = "first";  // of this process
  std::string loaded_build_;     // of the pinned programs
  std::string previous_build_;   // of the programs that an upgrade replaces
  bool is_loaded_ = false;
  std::set<std::string> continued_builds_;
  bool is_locked_ = false;
  std::set<TableId> lost_;
  std::set<Program> lost_programs_;
  std::uint32_t next_ifindex_ = 2;
  std::uint64_t births_ = 0;
  std::uint64_t now_ns_ = 1'000'000'000'000;
  PortSet reserved_ports_;
  std::set<std::pair<Transport, std::uint16_t>> sockets_;
  bool refuses_announcements_ = false;
  std::vector<SharedSetting> overruling_;
  std::optional<Ipv4> answered_;
  bool has_default_route_ = true;
  std::vector<std::string> random_translations_;
  PortSet published_ports_;
  std::vector<std::string> announcements_;

  int steps_ = 0;
  int fail_at_ = 0;
  int die_at_ = 0;
  bool was_hit_ = false;
  mutable int calls_ = 0;
  int vanish_at_ = 0;
  std::string vanishing_;
  std::optional<TableId> keeps_;
  std::vector<std::string> journal_;
  std::vector<std::string> violations_;
  // The invariants that were broken before this process's first step, and those reported since.
  // Empty before its first step.
  std::optional<std::set<std::string>> known_violations_;
};

std::string to_text(Feature feature);

}  // namespace xvnet::test
