// SPDX-License-Identifier: BSD-2-Clause
#include <bpf/bpf.h>

#include <filesystem>
#include <fstream>

#include "quantities.h"

namespace xvnet::bench {

namespace {

// Reads the memlock field of an open map. Since Linux 6.4 it counts the present entries, not the
// maximum.
uint64_t memlock_of(int map) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(map));
  for (std::string word; info >> word;) {
    uint64_t bytes = 0;
    if (word == "memlock:" && info >> bytes) return bytes;
  }
  return 0;
}

struct Pin {
  test::UniqueFd fd;
  bool is_map;
};

Pin open_pin(const std::filesystem::path& path) {
  test::UniqueFd fd(bpf_obj_get(path.c_str()));
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  const auto link = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd.get()));
  const bool is_map =
      fd && link == "anon_inode:bpf-map" && bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0;
  return {std::move(fd), is_map};
}

}  // namespace

uint64_t map_bytes(const Stack& stack) {
  const std::filesystem::path root = "/sys/fs/bpf/" + stack.host().instance();
  if (!std::filesystem::exists(root)) return 0;
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    const Pin pin = open_pin(entry.path());
    if (pin.is_map) bytes += memlock_of(pin.fd.get());
  }
  return bytes;
}

void add_memory(Results& results) {
  const auto add = [&](const std::string& what, const std::string& many, const std::string& few,
                       double more) {
    const Measurement* large = results.measurement(many);
    const Measurement* small = results.measurement(few);
    if (large == nullptr || small == nullptr) return;
    const auto bytes =
        static_cast<double>(large->map_bytes) - static_cast<double>(small->map_bytes);
    results.add("memory of " + what, {bytes / more, "bytes"});
  };
  add("a port", "ports/60/tc, 1000", "ports/60/tc, 2", 998);
  add("a MAC address", "fdb/100000/tc", "fdb/100/tc", 100'000 - 100);
  add("a NAT mapping", "mappings/1000000/xvnet", "mappings/32/xvnet", 1'000'000 - 32);
}

}  // namespace xvnet::bench
