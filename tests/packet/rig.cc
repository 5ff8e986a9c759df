// SPDX-License-Identifier: BSD-2-Clause
#include "rig.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "link.h"
#include "maps/continuations.h"
#include "xvnet_tc.skel.h"
#include "xvnet_xdp.skel.h"

namespace xvnet::test {

namespace {

[[noreturn]] void fail(const std::string& doing, int error) {
  throw SetupError(doing + ": " + std::strerror(-error));
}

// The programs share one set of tables: the XDP object takes the tc object's.
void share_maps(bpf_object* from, bpf_object* to) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, to) {
    const char* name = bpf_map__name(map);
    bpf_map* original = bpf_object__find_map_by_name(from, name);
    if (original == nullptr) continue;  // constants of its own
    if (bpf_map__is_internal(map)) continue;
    const int error = bpf_map__reuse_fd(map, bpf_map__fd(original));
    if (error != 0) fail(std::string("sharing map \"") + name + "\"", error);
  }
}

// The kernel lists a map bucket by bucket, and the tests list all of them all the time.
void make_small(bpf_object* object) {
  constexpr uint32_t kEntries = 2048;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    // The programs know how long these are.
    const std::string_view name = bpf_map__name(map);
    if (name == "interface_cache" || name == "carried" || name == "vlan_cache") continue;
    if (bpf_map__max_entries(map) > kEntries) bpf_map__set_max_entries(map, kEntries);
  }
}

}  // namespace

std::string mac_of(const std::string& place) {
  static const std::map<std::string, int> last_bytes = {
      {"a", 0x0a}, {"b", 0x0b},    {"c", 0x0c},    {"d", 0x0d},  {"e", 0x0e},
      {"f", 0x0f}, {"wire", 0x1e}, {"host", 0x1f}, {"new", 0x2e}};
  char text[18];
  std::snprintf(text, sizeof(text), "02:00:00:00:00:%02x", last_bytes.at(place));
  return text;
}

std::string reason_name(uint32_t number) {
  switch (number) {
#define REASON(name, number, fate, text) \
  case abi::REASON_##name:               \
    return #name;
#include "maps/reasons.def"
#undef REASON
    default:
      return "reason " + std::to_string(number);
  }
}

abi::address address_of(const std::string& ip) {
  abi::address address{};
  const std::string text = ip.contains(':') ? ip : "::ffff:" + ip;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes) != 1) throw SetupError("no address: " + ip);
  return address;
}

abi::fdb_key fdb_key(uint32_t network, const std::string& mac) {
  abi::fdb_key key{};
  key.network = network;
  std::ranges::copy(parse_mac(mac), key.mac);
  return key;
}

uint64_t slot_of(const std::string& mac) {
  const auto bytes = parse_mac(mac);
  uint64_t slot = 0;
  for (size_t i = 0; i < bytes.size(); ++i) slot |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  return slot;
}

uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

Rig& Rig::get() {
  static Rig rig;
  return rig;
}

const std::vector<std::string>& Rig::ports() {
  static const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f"};
  return names;
}

Rig::Rig() {
  make_devices();
  make_routes();
  load();
}

Rig::~Rig() {
  xvnet_xdp__destroy(xdp_);
  xvnet_tc__destroy(tc_);
}

void Rig::make_devices() {
  names_ = ports();
  names_.insert(names_.end(), {"up", "stranger", "host"});
  for (const std::string& name : names_) {
    taps_[name] = std::make_unique<Tap>(ns_, name, TapOptions{.create_missing = true});
    if (name == "c") set_mtu(ns_, name, kJumboMtu);
    set_up(ns_, name);
    if (std::ranges::find(ports(), name) != ports().end())
      ns_.must({"sysctl", "-qw", "net.ipv4.conf." + name + ".forwarding=1"});
    ifindexes_[name] = static_cast<uint32_t>(xvnet::test::ifindex(ns_, name));
  }
}

void Rig::make_routes() {
  add_address(ns_, "up", std::string(kUplinkIp) + "/24");
  ns_.must({"ip", "route", "add", "default", "via", kRouterIp});
  ns_.must({"ip", "route", "add", "unreachable", kUnreachableNet});
  ns_.must({"ip", "neigh", "add", kRouterIp, "lladdr", mac_of("wire"), "dev", "up"});
}

void Rig::load() {
  tc_ = xvnet_tc__open();
  if (tc_ == nullptr) fail("opening the tc programs", -errno);
  make_small(tc_->obj);
  const int refused = xvnet_tc__load(tc_);
  if (refused != 0) fail("loading the tc programs", refused);
  set_continuation(abi::CONTINUATION_TO_OUTSIDE, tc_->progs.tc_to_outside);
  set_continuation(abi::CONTINUATION_FROM_OUTSIDE, tc_->progs.tc_from_outside);
  set_continuation(abi::CONTINUATION_TO_DHCP, tc_->progs.tc_to_dhcp);
  set_continuation(abi::CONTINUATION_TO_FORWARD, tc_->progs.tc_to_forward);
  xdp_ = xvnet_xdp__open();
  if (xdp_ == nullptr) fail("opening the XDP programs", -errno);
  share_maps(tc_->obj, xdp_->obj);
  const int error = xvnet_xdp__load(xdp_);
  if (error != 0) fail("loading the XDP programs", error);
  const auto fd = [](const bpf_map* map) { return bpf_map__fd(map); };
  tables_ = std::make_unique<Tables>(Tables{
      .addresses = Table<abi::address_key, abi::address_entry>(fd(tc_->maps.addresses)),
      .allowed = Table<abi::allowed_key, uint32_t>(fd(tc_->maps.allowed)),
      .devices = Table<uint32_t, uint32_t>(fd(tc_->maps.devices)),
      .fdb = Table<abi::fdb_key, abi::fdb_entry>(fd(tc_->maps.fdb)),
      .gateways = Table<uint32_t, abi::gateway>(fd(tc_->maps.gateways)),
      .host_flows = Table<abi::host_flow_key, abi::host_flow>(fd(tc_->maps.host_flows)),
      .interface_cache = ArrayTable<abi::cached_interface>(fd(tc_->maps.interface_cache)),
      .interfaces = Table<uint32_t, abi::interface>(fd(tc_->maps.interfaces)),
      .learners = Table<abi::learner_key, abi::learner>(fd(tc_->maps.learners)),
      .leases = Table<uint32_t, abi::lease>(fd(tc_->maps.leases)),
      .members = Table<uint32_t, abi::members>(fd(tc_->maps.members)),
      .nat_addresses = Table<abi::address, abi::nat_address>(fd(tc_->maps.nat_addresses)),
      .nat_fragments = Table<abi::nat_fragment_key, abi::nat_fragment>(fd(tc_->maps.nat_fragments)),
      .nat_held = Table<uint32_t, abi::nat_held>(fd(tc_->maps.nat_held)),
      .nat_mappings = Table<abi::nat_mapping_key, abi::nat_mapping>(fd(tc_->maps.nat_mappings)),
      .nat_networks = Table<uint32_t, abi::nat_network>(fd(tc_->maps.nat_networks)),
      .nat_rings = Table<uint32_t, abi::nat_ring>(fd(tc_->maps.nat_rings)),
      .nat_ports = Table<abi::nat_chunk_key, abi::nat_chunk>(fd(tc_->maps.nat_ports)),
      .nat_sessions = Table<abi::nat_bucket_key, abi::nat_bucket>(fd(tc_->maps.nat_sessions)),
      .nat_slots = Table<abi::nat_slot_key, abi::nat_slot>(fd(tc_->maps.nat_slots)),
      .networks = ArrayTable<abi::network>(fd(tc_->maps.networks)),
      .routes = Table<abi::route_key, abi::route>(fd(tc_->maps.routes)),
      .vlan_cache = ArrayTable<abi::cached_vlan>(fd(tc_->maps.vlan_cache)),
      .vlans = Table<abi::vlan_key, uint32_t>(fd(tc_->maps.vlans)),
      .stats_fd = fd(tc_->maps.stats),
      .carried_fd = fd(tc_->maps.carried),
  });
}

void Rig::set_continuation(uint32_t continuation, const bpf_program* program) {
  const int fd = bpf_program__fd(program);
  const int map = bpf_map__fd(tc_->maps.continuations);
  if (bpf_map_update_elem(map, &continuation, &fd, BPF_ANY) != 0)
    throw_errno("setting a continuation");
}

int Rig::program_fd(Hook hook, Program program) const {
  const bool xdp = hook == Hook::kXdp;
  switch (program) {
    case Program::kFromVm:
      return bpf_program__fd(xdp ? xdp_->progs.xdp_from_vm : tc_->progs.tc_from_vm);
    case Program::kFromUplink:
      return bpf_program__fd(xdp ? xdp_->progs.xdp_from_uplink : tc_->progs.tc_from_uplink);
    case Program::kFromHost:
      if (xdp) throw SetupError("XDP has no egress");
      return bpf_program__fd(tc_->progs.tc_from_host);
  }
  throw SetupError("no such program");
}

RunResult Rig::run(Hook hook, Program program, uint32_t ifindex, const Bytes& frame,
                   const RunOptions& options) const {
  Bytes in(options.metadata_size);
  in.insert(in.end(), frame.begin(), frame.end());
  RunResult result;
  constexpr size_t kLongestAnswer = 1024;  // to a shorter question
  result.bytes.resize(in.size() + kLongestAnswer);
  __sk_buff skb{};
  skb.ifindex = ifindex;
  skb.mark = options.mark;
  skb.gso_size = options.gso_size;
  xdp_md xdp{};
  xdp.data = options.metadata_size;
  xdp.data_end = static_cast<uint32_t>(in.size());
  xdp.ingress_ifindex = ifindex;
  LIBBPF_OPTS(bpf_test_run_opts, test);
  test.data_in = in.data();
  test.data_size_in = static_cast<uint32_t>(in.size());
  test.data_out = result.bytes.data();
  test.data_size_out = static_cast<uint32_t>(result.bytes.size());
  test.ctx_in = hook == Hook::kXdp ? static_cast<const void*>(&xdp) : &skb;
  test.ctx_size_in = hook == Hook::kXdp ? sizeof(xdp) : sizeof(skb);
  test.ctx_out = hook == Hook::kXdp ? static_cast<void*>(&xdp) : &skb;
  test.ctx_size_out = test.ctx_size_in;
  const int error =
      ns_.in([&] { return bpf_prog_test_run_opts(program_fd(hook, program), &test); });
  if (error != 0) fail("running a program", error);
  result.code = static_cast<int>(test.retval);
  result.bytes.resize(test.data_size_out);
  if (hook == Hook::kXdp) result.bytes.erase(result.bytes.begin(), result.bytes.begin() + xdp.data);
  result.mark = skb.mark;
  return result;
}

void Rig::drain() {
  for (const auto& [name, tap] : taps_) {
    while (tap->receive()) continue;
  }
}

}  // namespace xvnet::test
