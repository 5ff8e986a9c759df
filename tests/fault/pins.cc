// SPDX-License-Identifier: BSD-2-Clause
#include "pins.h"

#include <bpf/bpf.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "maps/records.h"
#include "process.h"

namespace xvnet::test {

std::string next_binary() {
  const char* path = std::getenv("XVNET_NEXT");
  if (!path) throw SetupError("XVNET_NEXT is not set: run the tests by ctest");
  return path;
}

std::string pin_root(const std::string& instance) { return "/sys/fs/bpf/" + instance; }

std::string own_pins(const std::string& instance) {
  return pin_root(instance) + "/v" + std::to_string(XVNET_ABI_VERSION);
}

void forge_build(const std::string& instance, const std::string& build) {
  constexpr std::uint32_t kKey = 0;
  const UniqueFd map(bpf_obj_get((own_pins(instance) + "/maps/meta").c_str()));
  abi::meta meta{};
  if (bpf_map_lookup_elem(map.get(), &kKey, &meta)) throw_errno("reading meta");
  std::snprintf(meta.build, sizeof meta.build, "%s", build.c_str());
  if (bpf_map_update_elem(map.get(), &kKey, &meta, BPF_ANY)) throw_errno("writing meta");
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
