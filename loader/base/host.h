// SPDX-License-Identifier: BSD-2-Clause
//
// The host as the loader uses it: links, attachments, tables. loader/linux/ implements it.
// tests/unit has a fake that keeps a journal and fails on demand; dry_run.h wraps one for
// --dry-run.
//
// All names and ifindexes belong to the network namespace of the process. The implementation keeps
// no state between calls that would be lost with a killed process.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/ip_address.h"
#include "loader/base/result.h"
#include "maps/tables.h"

namespace xvnet {

using Mac = std::array<std::uint8_t, 6>;
using PortSet = std::bitset<65536>;  // TCP or UDP port numbers
using VidSet = std::bitset<4096>;    // VLAN ids

constexpr std::uint16_t kMinVid = 1;
constexpr std::uint16_t kMaxVid = 4094;  // IEEE 802.1Q, table 9-2: 0 and 4095 are reserved

inline constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
inline constexpr std::uint32_t kFullMtu = 1500;  // bytes of a frame's payload, IEEE 802.3

enum class Transport { kUdp, kTcp, kIcmp };

enum class LinkKind { kTap, kVeth, kOther };

// What the host's stack sends on a link by itself: ARP and IPv6.
struct Noise {
  bool has_arp = true;
  // Empty if the link has no IPv6 settings: its MTU is below 1280, or the kernel has no IPv6.
  std::optional<bool> has_ipv6 = true;
  std::uint8_t address_mode = 0;  // enum in6_addr_gen_mode: how the link-local address is generated

  bool operator==(const Noise&) const = default;
};

inline constexpr std::uint8_t kNoAddress = 1;  // IN6_ADDR_GEN_MODE_NONE
inline constexpr Noise kSilence{.has_arp = false, .has_ipv6 = false, .address_mode = kNoAddress};

struct Link {
  std::uint32_t ifindex = 0;
  std::string name;
  LinkKind kind = LinkKind::kOther;
  std::string type;  // as `ip -details link` shows it: "bridge", "vlan"; empty: a NIC
  Mac mac{};
  std::uint32_t mtu = 0;  // bytes
  bool is_ethernet = true;
  bool is_loopback = false;
  bool is_up = false;  // administratively
  // IFF_LOWER_UP: a cable is plugged in, both ends of a veth are up, or a VM has the TAP open. A
  // TAP that is down can also have it.
  bool has_carrier = false;
  bool is_promiscuous = false;
  Noise noise{};
  bool forwards = false;        // IPv4 forwarding of packets received on the link
  bool accepts_local = false;   // IPv4 packets received on it may have a source address of the host
  bool is_multi_queue = false;  // a TAP created with IFF_MULTI_QUEUE
  // A process, usually a VM, has the TAP open. For a single-queue TAP this is only the carrier,
  // which the VM can turn off. Host::delete_unless_open() does not rely on it.
  bool is_open = false;
  std::optional<std::uint32_t> owner;  // for a TAP: the only uid that may open it, besides root
  std::string alias;                   // free text, as `ip link set alias` sets it
  std::uint32_t master = 0;            // ifindex of its bridge or bond; 0 for none
  std::uint32_t peer = 0;              // of a veth: its other end if in this namespace, else 0
  std::string driver;                  // as `ethtool -i` shows it; empty if unknown

  // ARP and IPv6 are both off, so the host's stack sends nothing on the link.
  bool is_silent() const {
    return !noise.has_arp &&
           (!noise.has_ipv6 || (!*noise.has_ipv6 && noise.address_mode == kNoAddress));
  }
};

struct TapSpec {
  std::string name;
  std::optional<std::uint32_t> owner;  // uid that may open it; empty for root only
  std::uint32_t queues = 1;            // more than 1 sets IFF_MULTI_QUEUE
};

// The ethtool features that xvnet changes, by their effect on frames.
enum class Feature {
  kRxVlanCtag,    // rx-vlan-hw-parse: hides 802.1Q tags from XDP
  kRxVlanStag,    // rx-vlan-stag-hw-parse
  kRxVlanFilter,  // rx-vlan-filter: drops VIDs that are not registered with the NIC
  kTxVlanCtag,    // tx-vlan-hw-insert: on a veth peer, hides 802.1Q tags from XDP on this end
  kTxVlanStag,    // tx-vlan-stag-hw-insert
};

// Returns the name in ETH_SS_FEATURES and `ethtool -k`: net/ethtool/common.c,
// netdev_features_strings.
std::string_view feature_name(Feature feature);

struct FeatureState {
  bool is_on = false;
  bool is_fixed = false;  // cannot be changed
};

// The other end of a veth. It decides what XDP on this end can do.
struct VethPeer {
  bool is_reachable = false;  // its namespace can be entered, so its features can be read and set
  bool receives_xdp = false;  // it runs an XDP program, so frames redirected to this end arrive
  FeatureState tx_vlan_ctag;  // valid only if is_reachable
  FeatureState tx_vlan_stag;
};

struct XdpSupport {
  bool native = false;           // the driver supports XDP programs
  bool redirect_target = false;  // the driver transmits redirected XDP frames
};

// A setting as sysctl(8) takes it: "net.ipv4.conf.all.rp_filter" and "1".
struct SharedSetting {
  std::string name;
  std::string value;
};

enum class Program {
#define PROGRAM(name, id) k##id,
#define TAIL_CALL(name, id, number) k##id,
#include "maps/programs.def"
#undef PROGRAM
#undef TAIL_CALL
};

inline constexpr std::array kPrograms{
#define PROGRAM(name, id) Program::k##id,
#define TAIL_CALL(name, id, number) Program::k##id,
#include "maps/programs.def"
#undef PROGRAM
#undef TAIL_CALL
};

// By their index in the program array for tail calls.
inline constexpr std::array kTailCalls{
#define PROGRAM(name, id)
#define TAIL_CALL(name, id, number) Program::k##id,
#include "maps/programs.def"
#undef PROGRAM
#undef TAIL_CALL
};

enum class Hook { kXdp, kTcIngress, kTcEgress };

std::string_view program_name(Program program);  // "xdp_from_vm"
std::string_view hook_name(Hook hook);           // "xdp", "ingress", "egress"

enum class Attachment {
  kNone,      // this instance has no attachment here
  kLive,      // pinned, and attached to the device
  kOrphaned,  // the link's pin exists, but its device is gone
  kUnpinned,  // attached to the device it was attached to before, but its pin is gone
  // The pin of a tc filter exists, but the filter does not: it was removed, the device was in
  // another namespace, or the ifindex belongs to another device.
  kUnfiltered,
};

// Whether the device runs the program.
constexpr bool runs(Attachment attachment) {
  return attachment == Attachment::kLive || attachment == Attachment::kUnpinned;
}

// A device on which the kernel still has something of the instance, whatever the tables say.
struct Remnant {
  std::uint32_t ifindex = 0;
  // The program it runs: kTcFromVm on a port, kTcFromUplink on an uplink, kTcToForward on lo. A
  // port may have only its backstop left.
  Program program = Program::kTcFromVm;
  // The device name that its backstop matches. Empty if the backstop matches the ifindex, or if
  // there is none.
  std::string name;
};

enum class Opening { kForChange, kForReading };

// The kinds of addresses that the host has on its end of a veth towards a tenant's network.
enum class HostAddresses { kIpv4Only, kIpv6Too };

// The arguments of attach().
struct Placement {
  Program program;
  std::uint32_t ifindex;
  Hook hook;
  bool share_xdp;
};

enum class TableId {
#define TABLE(name, id, ...) k##id,
#include "maps/tables.def"
#undef TABLE
};

// One pinned BPF map as bytes; tables.h adds types. A value of a per-CPU map reads as the sum of
// its 64-bit words over all CPUs. An update of it writes zero on all CPUs.
class RawTable {
 public:
  virtual ~RawTable() = default;
  virtual std::size_t key_size() const = 0;
  virtual std::size_t value_size() const = 0;
  // Returns false if there is no such entry.
  virtual Result<bool> lookup(std::span<const std::byte> key, std::span<std::byte> value) const = 0;
  virtual Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value) = 0;
  // Succeeds if there is no such entry.
  virtual Result<void> erase(std::span<const std::byte> key) = 0;
  // All keys, concatenated. Entries that change meanwhile may be missing or listed twice.
  virtual Result<std::vector<std::byte>> keys() const = 0;
  // All entries, key followed by value, concatenated. Like keys(), but an entry that vanishes
  // meanwhile is left out.
  virtual Result<std::vector<std::byte>> entries() const;
};

class Host {
 public:
  virtual ~Host() = default;

  // Links. Setters are idempotent; an unknown ifindex is an error.
  virtual Result<std::optional<Link>> find_link(std::string_view name) const = 0;
  virtual Result<std::optional<Link>> find_link(std::uint32_t ifindex) const = 0;
  virtual Result<Link> create_tap(const TapSpec& spec) = 0;  // persistent, down
  virtual Result<void> create_veth(std::string_view name, std::string_view peer) = 0;  // both down
  virtual Result<void> delete_link(std::uint32_t ifindex) = 0;
  // Like delete_link(), but keeps a TAP that a process has open and returns false then.
  virtual Result<bool> delete_unless_open(std::uint32_t ifindex) = 0;
  // The link must be down: kernels before 6.2 do not rename a link that is up.
  virtual Result<void> set_name(std::uint32_t ifindex, std::string_view name) = 0;
  virtual Result<void> set_alias(std::uint32_t ifindex, std::string_view alias) = 0;
  virtual Result<void> set_up(std::uint32_t ifindex, bool up) = 0;
  virtual Result<void> set_mtu(std::uint32_t ifindex, std::uint32_t mtu) = 0;
  virtual Result<void> set_promiscuous(std::uint32_t ifindex, bool on) = 0;
  // Puts the link into the bridge or bond `master`. 0 removes it from its master.
  virtual Result<void> set_master(std::uint32_t ifindex, std::uint32_t master) = 0;
  // Sets ARP and IPv6; IPv6 only if the link has it.
  virtual Result<void> set_noise(std::uint32_t ifindex, const Noise& noise) = 0;
  // A backstop drops the link's ingress frames that its programs did not handle, and works without
  // them. So a VM cannot reach the host's stack when the programs are gone. A kernel may not
  // support it.
  virtual Result<void> set_backstop(std::uint32_t ifindex, bool on) = 0;
  virtual Result<bool> lacks_backstop(std::uint32_t ifindex) const = 0;
  // Protects the host from a link to a tenant's network. Received frames cannot configure the host
  // or change its routes, and ARP answers only for the link's own addresses. With
  // HostAddresses::kIpv4Only, IPv6 is disabled on the link.
  virtual Result<void> guard(std::uint32_t ifindex, HostAddresses addresses) = 0;
  // The settings that differ from those of guard(), as sysctl(8) names them.
  virtual Result<std::vector<std::string>> unguarded(std::uint32_t ifindex,
                                                     HostAddresses addresses) const = 0;
  // Settings for all devices that override those of guard(), with the value that would not.
  virtual Result<std::vector<SharedSetting>> overruling() const = 0;
  // `cidr` is "10.5.0.1/24" or "2001:db8::1/64". Adding an address that exists is no error.
  virtual Result<void> add_address(std::uint32_t ifindex, std::string_view cidr) = 0;
  virtual Result<void> remove_address(std::uint32_t ifindex, std::string_view cidr) = 0;
  virtual Result<bool> has_address(std::uint32_t ifindex, std::string_view cidr) const = 0;
  // IPv4 addresses, the primary address first.
  virtual Result<std::vector<InterfaceAddress>> ipv4_addresses(std::uint32_t ifindex) const = 0;
  // The name of the host's device that has the address; empty for none.
  virtual Result<std::string> address_holder(const abi::address& address) const = 0;
  // How the host uses the link: "it has the address 192.0.2.2/24", "the default route leads through
  // it", "the vlan device eth7.5 is on it". Empty for no use. IPv6 link-local addresses do not
  // count, because every device gets one.
  virtual Result<std::string> host_use(std::uint32_t ifindex) const = 0;
  // The devices of IPv4 default routes, in any routing table.
  virtual Result<std::vector<std::uint32_t>> default_route_devices() const = 0;
  // Rules of nf_tables, with those of iptables-nft, that translate sources to any port at random:
  // "chain POSTROUTING of table ip nat".
  virtual Result<std::vector<std::string>> random_translations() const = 0;
  // Ports of the address that rules of nf_tables, with those of iptables-nft, lead to another
  // destination, for any protocol. Only ports that a rule names itself, not those of its sets and
  // maps.
  virtual Result<PortSet> published_ports(Ipv4 address) const = 0;
  // IPv4 routes with an MTU that is not locked, which bpf_fib_lookup() ignores: "default mtu 1400".
  virtual Result<std::vector<std::string>> unlocked_route_mtus() const = 0;
  // The name of another instance that has the link as a port or uplink; empty for none.
  virtual Result<std::string> other_instance(std::uint32_t ifindex) const = 0;
  // Sends ARP probes (RFC 5227, 2.1.1) on the link for less than a second. Returns the MAC that
  // answers for the address, or nothing if there is no answer or the link cannot be probed. Needs
  // CAP_NET_RAW.
  virtual Result<std::optional<Mac>> probe_address(std::uint32_t ifindex, Ipv4 address) const = 0;
  // Sets net.ipv4.conf.<link>.forwarding. Without it, FIB lookups for packets received on the link
  // fail.
  virtual Result<void> set_forwarding(std::uint32_t ifindex, bool on) = 0;
  // Sets net.ipv4.conf.<link>.accept_local. Without it, the kernel drops received packets whose
  // source is an address of the host. Packets that lo delivers directly are not checked.
  virtual Result<void> set_accept_local(std::uint32_t ifindex, bool on) = 0;
  // Sends an ARP announcement (RFC 5227, 2.3) for the address on the link. Needs CAP_NET_RAW.
  virtual Result<void> announce_address(std::uint32_t ifindex, Ipv4 address) = 0;
  virtual Result<FeatureState> feature(std::uint32_t ifindex, Feature feature) const = 0;
  virtual Result<void> set_feature(std::uint32_t ifindex, Feature feature, bool on) = 0;
  virtual Result<VethPeer> veth_peer(std::uint32_t ifindex) const = 0;
  virtual Result<void> set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) = 0;
  virtual Result<XdpSupport> xdp_support(const Link& link) const = 0;
  // The name or id of an XDP program on the link that another owner attached; empty for none.
  virtual Result<std::string> foreign_xdp(std::uint32_t ifindex) const = 0;

  // The ports that the kernel does not assign to sockets by itself:
  // net.ipv4.ip_local_reserved_ports. The setter replaces the whole set.
  virtual Result<PortSet> reserved_ports() const = 0;
  virtual Result<void> set_reserved_ports(const PortSet& ports) = 0;
  // The ports of a local address that the host uses: by sockets, listening or connected, and by
  // connections that netfilter translates to the address. For kIcmp, the identifiers.
  virtual Result<PortSet> ports_in_use(Transport transport, Ipv4 address) const = 0;

  // Attachments. attach() does nothing for a live attachment, replaces an orphaned one, and returns
  // when the attachment is pinned.
  virtual Result<void> attach(Program program, std::uint32_t ifindex, Hook hook,
                              bool share_xdp) = 0;
  virtual Result<void> detach(std::uint32_t ifindex, Hook hook) = 0;  // succeeds if there is none
  virtual Result<Attachment> attachment(std::uint32_t ifindex, Hook hook) const = 0;

  // The instance. open_for_change() takes the writers' lock for the lifetime of this object and
  // mounts bpffs. It loads and pins what is missing, and refuses an instance of another network
  // namespace. open_for_reading() returns false if the instance does not exist; it neither waits
  // nor writes.
  virtual Result<void> open_for_change() = 0;
  virtual Result<bool> open_for_reading() = 0;
  // After open_for_change(): loads and pins the tail-called programs, which an instance gets only
  // when it needs them. Programs that are pinned already stay.
  virtual Result<void> load_tail_calls() = 0;
  virtual RawTable& table(TableId id) = 0;  // valid after open_*()
  // Removes all pins of the instance. All RawTable references are invalid afterwards.
  virtual Result<void> remove_pins() = 0;
  // Before open_for_change(): removes the pins of an instance of another network namespace if all
  // its attachments are orphaned links. Any other instance stays.
  virtual Result<void> remove_dead_pins() = 0;

  // The names of tables whose pins are missing while other pins of the instance exist. Such an
  // instance can be neither read nor changed: its programs still use tables that can no longer be
  // opened.
  virtual Result<std::vector<std::string>> missing_tables() const = 0;
  // The names of programs whose pins are missing. Devices that run them continue to do so.
  virtual Result<std::vector<std::string>> missing_programs() const = 0;
  // Like open_for_change() or open_for_reading(), for an instance with missing tables that is to be
  // removed. The missing tables read as empty, and writes to them are lost.
  virtual Result<void> open_remains(Opening opening) = 0;
  // The remnants of this instance in this network namespace; never those of another existing
  // instance.
  virtual Result<std::vector<Remnant>> remnants() const = 0;

  // Identifies the built-in programs; abi::meta::build identifies the pinned ones.
  virtual std::string build() const = 0;

  // Upgrade. open_for_upgrade() is like open_for_change(), for an instance that another build may
  // have made. It pins the built-in programs, with tables that keep the contents of the previous
  // ones; attach() then moves a live attachment without losing a frame. It returns false if there
  // is no instance. Commit or revert ends the upgrade; commit returns whether anything came from
  // another build.
  virtual Result<bool> open_for_upgrade() = 0;
  virtual Result<bool> commit_upgrade() = 0;
  // Makes the attachments in `moved` run the previous programs again.
  virtual Result<void> revert_upgrade(std::span<const Placement> moved) = 0;

  // Waits until every program run that is in progress has ended. Afterwards no program uses values
  // that it read from the tables before the call.
  virtual void wait_for_programs() = 0;

  virtual std::uint64_t monotonic_ns() const = 0;
};

}  // namespace xvnet
