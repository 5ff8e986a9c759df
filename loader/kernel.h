// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel as the loader uses it: links, attachments, tables. loader/linux/ is the real one;
// tests/unit has a fake that keeps a journal and fails on demand; rehearsal.h wraps one for
// --dry-run.
//
// All names and ifindexes are of the network namespace the process is in. Nothing here keeps state
// between calls that a killed process could lose.
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

#include "loader/ip_address.h"
#include "loader/result.h"

namespace xvnet {

using Mac = std::array<std::uint8_t, 6>;
using PortSet = std::bitset<65536>;  // of TCP and UDP

inline constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
inline constexpr std::uint32_t kFullMtu = 1500;  // bytes of a frame's payload, IEEE 802.3

enum class Transport { kUdp, kTcp, kIcmp };

enum class LinkKind { kTap, kVeth, kOther };

// What the host says on a link by itself.
struct Noise {
  bool has_arp = true;
  // Nothing: the link has no IPv6 to turn on or off, for its MTU is below 1280 or the kernel is
  // without.
  std::optional<bool> has_ipv6 = true;
  std::uint8_t address_mode = 0;  // enum in6_addr_gen_mode: which link-local address it gets

  bool operator==(const Noise&) const = default;
};

inline constexpr std::uint8_t kNoAddress = 1;  // IN6_ADDR_GEN_MODE_NONE
inline constexpr Noise kSilence{.has_arp = false, .has_ipv6 = false, .address_mode = kNoAddress};

struct Link {
  std::uint32_t ifindex = 0;
  std::string name;
  LinkKind kind = LinkKind::kOther;
  std::string type;  // as `ip -details link` shows it, "bridge" or "vlan"; empty: a NIC
  Mac mac{};
  std::uint32_t mtu = 0;  // bytes
  bool is_ethernet = true;
  bool is_loopback = false;
  bool is_up = false;  // administratively
  // The kernel's: a cable is plugged in, both ends of a veth are up, or a VM has the TAP open. A
  // TAP has it while it is down, too.
  bool has_carrier = false;
  bool is_promiscuous = false;
  Noise noise{};
  bool forwards = false;        // what comes in on it may be routed: IPv4
  bool accepts_local = false;   // what comes in on it may be from an address of the host: IPv4
  bool is_multi_queue = false;  // a TAP made with IFF_MULTI_QUEUE
  // A TAP: some process, a VM, has it open. With one queue the kernel shows only the carrier, which
  // the VM may turn off; Kernel::delete_unless_open() is not misled by that.
  bool is_open = false;
  std::optional<std::uint32_t> owner;  // of a TAP: the only uid that may open it, beside root
  std::string alias;                   // free text, as `ip link set alias` sets it
  std::uint32_t master = 0;            // ifindex of its bridge or bond, 0: none
  std::uint32_t peer = 0;              // of a veth, its other end if that is in this namespace
  std::string driver;                  // as ethtool shows it; empty when unknown

  // No ARP and no IPv6 at all, so the host says nothing on it.
  bool is_silent() const {
    return !noise.has_arp &&
           (!noise.has_ipv6 || (!*noise.has_ipv6 && noise.address_mode == kNoAddress));
  }
};

struct TapSpec {
  std::string name;
  std::optional<std::uint32_t> owner;  // uid that may open it; nothing: root
  std::uint32_t queues = 1;            // more than 1: IFF_MULTI_QUEUE
};

// The ethtool features xvnet cares about, by what they do to frames.
enum class Feature {
  kRxVlanCtag,    // rx-vlan-hw-parse: hides 802.1Q tags from XDP
  kRxVlanStag,    // rx-vlan-stag-hw-parse
  kRxVlanFilter,  // rx-vlan-filter: drops VIDs nobody registered
  kTxVlanCtag,    // tx-vlan-hw-insert: on a veth peer, hides 802.1Q tags from our XDP
  kTxVlanStag,    // tx-vlan-stag-hw-insert
};

struct FeatureState {
  bool is_on = false;
  bool is_fixed = false;  // cannot be changed
};

// The other end of a veth, which decides what XDP on our end can do.
struct VethPeer {
  bool is_reachable = false;  // its namespace was found, so its features can be read and set
  bool receives_xdp = false;  // it runs an XDP program, so a frame redirected into our end arrives
  FeatureState tx_vlan_ctag;  // valid when reachable
  FeatureState tx_vlan_stag;
};

struct XdpSupport {
  bool native = false;           // the driver runs XDP programs
  bool redirect_target = false;  // the driver transmits redirected XDP frames
};

// As sysctl(8) takes it: "net.ipv4.conf.all.rp_filter", "1".
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

// By their number in the map "continuations".
inline constexpr std::array kContinuations{
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
  kNone,      // nothing of this instance
  kLive,      // pinned and on the device
  kSevered,   // the pin of a link is left, its device is gone
  kUnpinned,  // on the device, which it proves to be the one it was attached to; the pin is gone
  // The pin of a filter is left, the filter is gone: somebody removed it, the device was in another
  // namespace, or it is another device.
  kUnfiltered,
};

// The device runs the program.
constexpr bool runs(Attachment attachment) {
  return attachment == Attachment::kLive || attachment == Attachment::kUnpinned;
}

// A device that the kernel shows to have something of the instance, whatever its tables say.
struct Remnant {
  std::uint32_t ifindex = 0;
  // What it runs: kTcFromVm of a port, kTcFromUplink of an uplink, kTcToForward of lo. A port may
  // have nothing but its backstop.
  Program program = Program::kTcFromVm;
  // By this name its backstop knows the device; empty: by its number, or it has no backstop.
  std::string name;
};

enum class Opening { kForChange, kForReading };

// Of the host's end of a veth whose other end is a tenant's network: the addresses it has there.
enum class HostAddresses { kIpv4Only, kIpv6Too };

// An attachment, as attach() is asked for it.
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

// One pinned map as bytes; map.h gives it types. A per-CPU map's value reads as the sum of its
// 64-bit words over all CPUs, and an update writes zero to all of them.
class Table {
 public:
  virtual ~Table() = default;
  virtual std::size_t key_size() const = 0;
  virtual std::size_t value_size() const = 0;
  // False when there is no such entry.
  virtual Result<bool> lookup(std::span<const std::byte> key, std::span<std::byte> value) const = 0;
  virtual Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value) = 0;
  // No error when there is no such entry.
  virtual Result<void> erase(std::span<const std::byte> key) = 0;
  // Every key, one after the other. Entries that change meanwhile may be missed or come twice.
  virtual Result<std::vector<std::byte>> keys() const = 0;
  // Every entry, key and value one after the other. The same; one that vanishes is left out.
  virtual Result<std::vector<std::byte>> entries() const;
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  // Links. Setters are idempotent; an unknown ifindex is an error.
  virtual Result<std::optional<Link>> find_link(std::string_view name) const = 0;
  virtual Result<std::optional<Link>> find_link(std::uint32_t ifindex) const = 0;
  virtual Result<Link> create_tap(const TapSpec& spec) = 0;  // persistent, down
  virtual Result<void> create_veth(std::string_view name, std::string_view peer) = 0;  // both down
  virtual Result<void> delete_link(std::uint32_t ifindex) = 0;
  // The same, unless it is a TAP that some process has open: then false, and it stays.
  virtual Result<bool> delete_unless_open(std::uint32_t ifindex) = 0;
  // Of a link that is down: kernels before 6.2 rename no other.
  virtual Result<void> set_name(std::uint32_t ifindex, std::string_view name) = 0;
  virtual Result<void> set_alias(std::uint32_t ifindex, std::string_view alias) = 0;
  virtual Result<void> set_up(std::uint32_t ifindex, bool up) = 0;
  virtual Result<void> set_mtu(std::uint32_t ifindex, std::uint32_t mtu) = 0;
  virtual Result<void> set_promiscuous(std::uint32_t ifindex, bool on) = 0;
  // Puts the link into the bridge or bond `master`, or with 0 takes it out of the one it is in.
  virtual Result<void> set_master(std::uint32_t ifindex, std::uint32_t master) = 0;
  // Of IPv6 where the link has any.
  virtual Result<void> set_noise(std::uint32_t ifindex, const Noise& noise) = 0;
  // A backstop drops what the link's programs do not deal with, and needs none of them: what a VM
  // sends does not reach the host when they are gone. A kernel may have no means for one.
  virtual Result<void> set_backstop(std::uint32_t ifindex, bool on) = 0;
  virtual Result<bool> lacks_backstop(std::uint32_t ifindex) const = 0;
  // Guarded: nothing that comes in on the link configures the host or changes its routes, ARP is
  // answered for its own addresses only, and without an IPv6 address it has no IPv6.
  virtual Result<void> guard(std::uint32_t ifindex, HostAddresses addresses) = 0;
  // The settings that are not as guard() leaves them, as sysctl(8) names them.
  virtual Result<std::vector<std::string>> unguarded(std::uint32_t ifindex,
                                                     HostAddresses addresses) const = 0;
  // Settings of all devices that overrule what guard() sets, with the value that does not.
  virtual Result<std::vector<SharedSetting>> overruling() const = 0;
  // `cidr` is "10.5.0.1/24" or "2001:db8::1/64"; an address that is there already is no error.
  virtual Result<void> add_address(std::uint32_t ifindex, std::string_view cidr) = 0;
  virtual Result<void> remove_address(std::uint32_t ifindex, std::string_view cidr) = 0;
  virtual Result<bool> has_address(std::uint32_t ifindex, std::string_view cidr) const = 0;
  // IPv4, the primary address first.
  virtual Result<std::vector<InterfaceAddress>> ipv4_addresses(std::uint32_t ifindex) const = 0;
  // The device of the host that has the address; empty: none.
  virtual Result<std::string> address_holder(const abi::address& address) const = 0;
  // What the host does with the link: "it has the address 192.0.2.2/24", "the default route leads
  // through it", "the vlan device eth7.5 is on it"; empty: nothing. IPv6 link-local addresses are
  // nothing, for every device gets one.
  virtual Result<std::string> host_use(std::uint32_t ifindex) const = 0;
  // Another instance that has the link as a port or an uplink; empty: none.
  virtual Result<std::string> other_instance(std::uint32_t ifindex) const = 0;
  // Who answers for the address on the link's LAN: an ARP probe (RFC 5227, 2.1.1), for less than a
  // second. Nothing: nobody, or the link cannot be asked. Needs CAP_NET_RAW.
  virtual Result<std::optional<Mac>> probe_address(std::uint32_t ifindex, Ipv4 address) const = 0;
  // net.ipv4.conf.<link>.forwarding: without it, the kernel's routes are none for what comes in.
  virtual Result<void> set_forwarding(std::uint32_t ifindex, bool on) = 0;
  // net.ipv4.conf.<link>.accept_local: without it, what comes in from an address of the host is
  // dropped. What lo delivers at once is not asked.
  virtual Result<void> set_accept_local(std::uint32_t ifindex, bool on) = 0;
  // Tells the neighbours of the link whose the address is: an ARP announcement (RFC 5227, 2.3).
  // Needs CAP_NET_RAW.
  virtual Result<void> announce_address(std::uint32_t ifindex, Ipv4 address) = 0;
  virtual Result<FeatureState> feature(std::uint32_t ifindex, Feature feature) const = 0;
  virtual Result<void> set_feature(std::uint32_t ifindex, Feature feature, bool on) = 0;
  virtual Result<VethPeer> veth_peer(std::uint32_t ifindex) const = 0;
  virtual Result<void> set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) = 0;
  virtual Result<XdpSupport> xdp_support(const Link& link) const = 0;
  // The name or id of an XDP program on the link that is not this instance's; empty: none.
  virtual Result<std::string> foreign_xdp(std::uint32_t ifindex) const = 0;

  // The ports that no socket of the host gets unless it asks for them:
  // net.ipv4.ip_local_reserved_ports. Setting them replaces what was there.
  virtual Result<PortSet> reserved_ports() const = 0;
  virtual Result<void> set_reserved_ports(const PortSet& ports) = 0;
  // The ports of a local address that the host uses: of its sockets, those that listen and all
  // others, and of connections that it translates to the address. Of ICMP the identifiers.
  virtual Result<PortSet> ports_in_use(Transport transport, Ipv4 address) const = 0;

  // Attachments. attach() is a no-op on a live attachment, replaces a severed one, and returns once
  // it is pinned.
  virtual Result<void> attach(Program program, std::uint32_t ifindex, Hook hook,
                              bool share_xdp) = 0;
  virtual Result<void> detach(std::uint32_t ifindex, Hook hook) = 0;  // nothing there: no error
  virtual Result<Attachment> attachment(std::uint32_t ifindex, Hook hook) const = 0;

  // The instance. open_for_change() takes the writers' lock until this object ends, mounts bpffs,
  // loads and pins what is missing, and refuses an instance of another network namespace.
  // open_for_reading() answers false when the instance does not exist; it neither waits nor writes.
  virtual Result<void> open_for_change() = 0;
  virtual Result<bool> open_for_reading() = 0;
  // After open_for_change(): loads and pins the continuations, which an instance has only once it
  // needs them. Those that are there stay.
  virtual Result<void> load_continuations() = 0;
  virtual Table& table(TableId id) = 0;  // after open_*
  // Removes every pin of the instance. The tables are invalid afterwards.
  virtual Result<void> remove_pins() = 0;
  // The same, before open_for_change(), of an instance of another network namespace whose every
  // attachment has gone with its device. Any other stays.
  virtual Result<void> remove_dead_pins() = 0;

  // The tables whose pins are missing while other things of the instance are there: it can be
  // neither read nor changed then, for programs go on with tables that nobody reaches any more.
  virtual Result<std::vector<std::string>> missing_tables() const = 0;
  // The programs whose pins are missing. Whoever runs them goes on.
  virtual Result<std::vector<std::string>> missing_programs() const = 0;
  // As open_for_change() or open_for_reading(), of an instance with missing tables, to take it
  // apart: these are empty, and what is written to them is forgotten.
  virtual Result<void> open_remains(Opening opening) = 0;
  // Of this instance, in this network namespace; never of another instance that is there.
  virtual Result<std::vector<Remnant>> remnants() const = 0;

  // Identifies the programs that are built in; abi::meta::build has that of the pinned ones.
  virtual std::string build() const = 0;

  // Upgrade. open_for_upgrade() is open_for_change() of an instance that another build may have
  // made: the programs that are built in get pinned, on tables that hold all the former ones held,
  // and attach() moves a live attachment to them without losing a frame. False: there is no
  // instance. Commit and revert end it; commit answers whether anything was another build's.
  virtual Result<bool> open_for_upgrade() = 0;
  virtual Result<bool> commit_upgrade() = 0;
  // Has `moved` run the former programs again.
  virtual Result<void> revert_upgrade(std::span<const Placement> moved) = 0;

  // Returns once every run of a program has ended that began before: what it read of the tables
  // then is of no more consequence.
  virtual void wait_for_programs() = 0;

  virtual std::uint64_t monotonic_ns() const = 0;
};

}  // namespace xvnet
