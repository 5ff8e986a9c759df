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
#include "loader/linux/kernel_btf.h"
#include "maps/tail_calls.h"
#include "xvnet_tc.skel.h"
#include "xvnet_tc_probing.skel.h"
#include "xvnet_xdp.skel.h"
#include "xvnet_xdp_probing.skel.h"

namespace xvnet::test {

namespace {

[[noreturn]] void fail(const std::string& doing, int error) {
  throw SetupError(doing + ": " + std::strerror(-error));
}

using File = const void*(std::size_t* size);

bpf_object* open(File* file) {
  std::size_t size = 0;
  const void* bytes = file(&size);
  bpf_object* object = bpf_object__open_mem(bytes, size, nullptr);
  if (object == nullptr) fail("opening the programs", -errno);
  return object;
}

int fd_of(const bpf_object* object, const char* program) {
  return bpf_program__fd(bpf_object__find_program_by_name(object, program));
}

// The programs share one set of tables: the XDP object reuses the maps of the tc object.
void share_maps(bpf_object* from, bpf_object* to) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, to) {
    const char* name = bpf_map__name(map);
    bpf_map* original = bpf_object__find_map_by_name(from, name);
    if (original == nullptr) continue;  // the object's own constants
    if (bpf_map__is_internal(map)) continue;
    const int error = bpf_map__reuse_fd(map, bpf_map__fd(original));
    if (error != 0) fail(std::string("sharing map \"") + name + "\"", error);
  }
}

// Shrinks large maps. The kernel lists a map bucket by bucket, and the tests list all maps very
// often.
void make_small(bpf_object* object) {
  constexpr uint32_t kEntries = 2048;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    // The size of these maps is compiled into the programs.
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
  bpf_object__close(xdp_);
  bpf_object__close(tc_);
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
  const bool is_shown = does_kernel_show_context();
  tc_ = open(is_shown ? xvnet_tc__elf_bytes : xvnet_tc_probing__elf_bytes);
  make_small(tc_);
  const int refused = bpf_object__load(tc_);
  if (refused != 0) fail("loading the tc programs", refused);
#define PROGRAM(name, id)
#define TAIL_CALL(name, id, number) set_tail_call(abi::TAIL_CALL_##number, #name);
#include "maps/programs.def"
#undef PROGRAM
#undef TAIL_CALL
  xdp_ = open(is_shown ? xvnet_xdp__elf_bytes : xvnet_xdp_probing__elf_bytes);
  share_maps(tc_, xdp_);
  const int error = bpf_object__load(xdp_);
  if (error != 0) fail("loading the XDP programs", error);
  tables_ = std::make_unique<Tables>(tc_);
}

void Rig::set_tail_call(uint32_t number, const char* program) {
  const int fd = fd_of(tc_, program);
  const int map = bpf_object__find_map_fd_by_name(tc_, TAIL_CALL_MAP_NAME);
  if (bpf_map_update_elem(map, &number, &fd, BPF_ANY) != 0) throw_errno("setting a tail call");
}

int Rig::program_fd(Hook hook, Program program) const {
  const bool xdp = hook == Hook::kXdp;
  switch (program) {
    case Program::kFromVm:
      return xdp ? fd_of(xdp_, "xdp_from_vm") : fd_of(tc_, "tc_from_vm");
    case Program::kFromUplink:
      return xdp ? fd_of(xdp_, "xdp_from_uplink") : fd_of(tc_, "tc_from_uplink");
    case Program::kFromHost:
      if (xdp) throw SetupError("XDP has no egress");
      return fd_of(tc_, "tc_from_host");
  }
  throw SetupError("no such program");
}

RunResult Rig::run(Hook hook, Program program, uint32_t ifindex, const Bytes& frame,
                   const RunOptions& options) const {
  Bytes in(options.metadata_size);
  in.insert(in.end(), frame.begin(), frame.end());
  RunResult result;
  constexpr size_t kLongestAnswer = 1024;  // the longest reply to a shorter request
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
