// SPDX-License-Identifier: BSD-2-Clause
//
// The host on which every packet test runs: a namespace with real devices, and both objects loaded
// with shared tables. Nothing is pinned. Each process has one rig, and reset() restores the state
// described here.
//
//   network  VID       ports            FDB, besides one learned MAC of each port
//   red      10        a, b, c          the station "wire" behind the uplink
//   blue     20        d                "wire", the same MAC
//   plain    untagged  e, f             "wire", and "host": the host itself
//
// All networks have the uplink `up`. `stranger` is a device of the host that xvnet does not manage.
// `host` shows the frames that are left to the host (live_fixture.h). Every device is a TAP with an
// MTU of 1500, except c with 9000. The host's routes lead to a router behind the uplink.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "netns.h"
#include "tables.h"
#include "tap.h"

struct bpf_object;

namespace xvnet::test {

enum class Hook { kTc, kXdp };
enum class Program { kFromVm, kFromUplink, kFromHost };

constexpr uint32_t kRed = 1;
constexpr uint32_t kBlue = 2;
constexpr uint32_t kPlain = 3;
constexpr uint16_t kRedVid = 10;
constexpr uint16_t kBlueVid = 20;
constexpr uint16_t kHostsVid = 30;  // no network owns this VID
constexpr uint32_t kMacsPerPort = 4;
constexpr uint64_t kAgeingNs = 300'000'000'000;
constexpr int kJumboMtu = 9000;
constexpr const char* kUplinkIp = "198.51.100.1";  // an address of the host
constexpr const char* kRouterIp = "198.51.100.254";
constexpr const char* kUnreachableNet = "192.0.2.128/25";

// The MAC of a place: a port, "wire", "host", or "new". No table knows the MAC of "new".
std::string mac_of(const std::string& place);

struct RunOptions {
  uint32_t mark = 0;           // tc: skb->mark
  uint32_t gso_size = 0;       // tc: the segment size of a TSO frame
  uint32_t metadata_size = 0;  // XDP: bytes of headroom in use
};

struct RunResult {
  int code = 0;  // XDP_* or TC_ACT_*
  Bytes bytes;   // tc: without the tag in the skb's metadata
  uint32_t mark = 0;
};

class Rig {
 public:
  static Rig& get();
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  void reset();
  RunResult run(Hook hook, Program program, uint32_t ifindex, const Bytes& frame,
                const RunOptions& options = {}) const;

  const NetNs& ns() const { return ns_; }
  const Tables& tables() const { return *tables_; }
  Tap& tap(const std::string& name) { return *taps_.at(name); }
  const std::vector<std::string>& names() const { return names_; }
  static const std::vector<std::string>& ports();
  uint32_t ifindex(const std::string& name) const { return ifindexes_.at(name); }
  int program_fd(Hook hook, Program program) const;
  // The counters of an interface, summed over all CPUs. All zero for an interface without counters.
  abi::stats stats(const std::string& name) const;
  // Reads and discards all frames that the TAPs received.
  void drain();

  // Makes a device a member of a network: its interface entry, its counters and its learner.
  void attach(uint32_t network, const std::string& port);
  void set_members(uint32_t network, const std::vector<std::string>& ports);
  void set_learner(uint32_t network, const std::string& interface, uint32_t limit);
  // Adds a learned MAC in the given slot of the interface's learner.
  void set_learnt(uint32_t network, const std::string& interface, const std::string& mac,
                  uint32_t slot, uint64_t last_seen_ns);
  // Adds an entry with the slot FDB_SLOT_STATIC or FDB_SLOT_HOST.
  void set_entry(uint32_t network, const std::string& interface, const std::string& mac,
                 uint32_t slot);
  // Gives the network a gateway address that it answers for. After that, it also answers for ports
  // whose addresses it knows.
  void set_gateway(uint32_t network, const std::string& ip);
  // Exempts these remotes from a network's SNAT. `bits` is the length of both prefixes.
  void set_snat_exception(uint32_t network, const std::string& remotes, const std::string& subnet,
                          uint32_t bits);
  // Adds an address of the host's interface in the network.
  void set_host_address(uint32_t network, const std::string& ip);
  // Adds the first `bits` bits of an IPv6 address as a prefix of the host's interface.
  void set_beside_host(uint32_t network, const std::string& ip, uint32_t bits);
  // Connects a network that has a gateway to the router. `bits` is the length of its subnet.
  void set_router(uint32_t router, uint32_t network, const std::string& subnet, uint32_t bits);
  // With an empty port, the address is kept for a device that is not attached. With an empty MAC,
  // the MAC is not known.
  void set_address(uint32_t network, const std::string& ip, const std::string& port,
                   const std::string& mac);
  // These ports may use the address. No port has announced it yet.
  void set_shared_address(uint32_t network, const std::string& ip,
                          const std::vector<std::string>& ports);
  // Enables DHCP in the network and gives the port this lease.
  void set_lease(uint32_t network, const std::string& port, const abi::lease& lease);
  void set_interface(const std::string& name, const abi::interface& value);
  void erase_interface(const std::string& name);
  // Network 0 removes the owner of the VID.
  void set_vlan(const std::string& uplink, uint16_t vid, uint32_t network);
  // Enables SNAT for the network, with its session buckets and public addresses.
  void set_nat(uint32_t network, const abi::nat_network& rules, uint32_t address_flags);
  void set_rules(uint32_t network, abi::nat_network rules, uint32_t address_flags);
  void set_chunk(const abi::nat_chunk_key& key, uint32_t ports);
  std::pair<uint16_t, uint16_t> port_bounds() const;

 private:
  static bool is_cached(const std::string& name);
  uint32_t place_of(const std::string& name) const { return ifindex(name) % INTERFACE_CACHE_SIZE; }
  Rig();
  void make_devices();
  void make_routes();
  void load();
  void set_tail_call(uint32_t number, const char* program);
  void add_network(uint32_t network, uint16_t vid, const std::vector<std::string>& ports);
  void set_flag(uint32_t network, uint16_t flag);
  void zero_stats(const std::string& name);

  NetNs ns_;
  std::vector<std::string> names_;
  std::map<std::string, std::unique_ptr<Tap>> taps_;
  std::map<std::string, uint32_t> ifindexes_;
  bpf_object* tc_ = nullptr;
  bpf_object* xdp_ = nullptr;
  std::unique_ptr<Tables> tables_;
};

}  // namespace xvnet::test
