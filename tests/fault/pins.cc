// SPDX-License-Identifier: BSD-2-Clause
#include "pins.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>

#include "maps/tables.h"
#include "process.h"
#include "variable.h"

namespace xvnet::test {

std::string next_binary() {
  const char* path = std::getenv("XVNET_NEXT");
  if (!path) throw SetupError("XVNET_NEXT is not set: run the tests by ctest");
  return path;
}

int upgrade_rounds() {
  constexpr int kRounds = 25;
  return number_in("XVNET_FAULT_ROUNDS", kRounds);
}

std::string pin_root(const std::string& instance) { return "/sys/fs/bpf/" + instance; }

std::string own_pins(const std::string& instance) {
  return pin_root(instance) + "/v" + std::to_string(XVNET_ABI_VERSION);
}

namespace {

void change_meta(const std::string& instance, const std::function<void(abi::meta&)>& change) {
  constexpr std::uint32_t kKey = 0;
  const UniqueFd map(bpf_obj_get((own_pins(instance) + "/maps/meta").c_str()));
  abi::meta meta{};
  if (bpf_map_lookup_elem(map.get(), &kKey, &meta)) throw_errno("reading meta");
  change(meta);
  if (bpf_map_update_elem(map.get(), &kKey, &meta, BPF_ANY)) throw_errno("writing meta");
}

}  // namespace

void forge_build(const std::string& instance, const std::string& build) {
  change_meta(instance, [&](abi::meta& meta) {
    std::snprintf(meta.build, sizeof meta.build, "%s", build.c_str());
  });
}

void set_next_network(const std::string& instance, std::uint32_t id) {
  change_meta(instance, [&](abi::meta& meta) { meta.next_network = id; });
}

FilledTable::FilledTable(const std::string& instance, const std::string& table)
    : map_(bpf_obj_get((own_pins(instance) + "/maps/" + table).c_str())) {
  constexpr std::uint32_t kFirst = 0x40000000;  // no ifindex and no network id gets this high
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(map_.get(), &info, &size)) throw_errno("examining \"" + table + "\"");
  const std::size_t cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
  const std::vector<std::byte> value((info.value_size + sizeof(std::uint64_t)) * cpus);
  std::vector<std::byte> key(info.key_size);
  for (std::uint32_t number = kFirst; number < kFirst + info.max_entries; number++) {
    std::memcpy(key.data(), &number, sizeof number);
    if (bpf_map_update_elem(map_.get(), key.data(), value.data(), BPF_NOEXIST)) break;
    keys_.push_back(key);
  }
  if (errno != E2BIG) throw_errno("filling \"" + table + "\"");
}

FilledTable::~FilledTable() {
  for (const auto& key : keys_) bpf_map_delete_elem(map_.get(), key.data());
}

void fill_members(const std::string& instance, std::uint32_t network) {
  const UniqueFd map(bpf_obj_get((own_pins(instance) + "/maps/members").c_str()));
  abi::members members{};
  if (bpf_map_lookup_elem(map.get(), &network, &members)) throw_errno("reading members");
  constexpr std::uint32_t kFirst = 0x40000000;
  for (; members.count < MAX_MEMBERS; members.count++)
    members.ifindex[members.count] = kFirst + members.count;
  if (bpf_map_update_elem(map.get(), &network, &members, BPF_EXIST)) throw_errno("writing members");
}

std::map<std::string, std::uint32_t> program_ids(const std::string& instance) {
  std::map<std::string, std::uint32_t> ids;
  for (const auto& entry : std::filesystem::directory_iterator(own_pins(instance) + "/progs")) {
    const UniqueFd program(bpf_obj_get(entry.path().c_str()));
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(program.get(), &info, &size)) throw_errno("examining a program");
    ids[entry.path().filename()] = info.id;
  }
  return ids;
}

}  // namespace xvnet::test
