// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/map_keys.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>

namespace xvnet {
namespace {

// One batch of listed entries; the values come along unasked.
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kMinBatch = 64;
constexpr std::size_t kMaxBatch = 4096;

// What bpf(2) transfers for one value.
std::size_t transfer_size(const bpf_map_info& map) {
  if (map.type != BPF_MAP_TYPE_PERCPU_HASH) return map.value_size;
  const int cpus = libbpf_num_possible_cpus();
  return per_cpu_stride(map.value_size) * static_cast<std::size_t>(std::max(cpus, 1));
}

// By buckets of the hash, which entries that come and go do not disturb. Nothing: this kind of map
// cannot.
std::optional<std::vector<std::byte>> batched_keys(const FileDescriptor& map,
                                                   const bpf_map_info& info) {
  std::vector<std::byte> keys;
  std::vector<std::byte> position(std::max<std::size_t>(info.key_size, sizeof(std::uint32_t)));
  std::size_t room = std::clamp(kBatchBytes / transfer_size(info), kMinBatch, kMaxBatch);
  std::vector<std::byte> batch(room * info.key_size);
  std::vector<std::byte> values(room * transfer_size(info));
  const void* from = nullptr;
  while (true) {
    auto count = static_cast<std::uint32_t>(room);
    int error = bpf_map_lookup_batch(map.get(), const_cast<void*>(from), position.data(),
                                     batch.data(), values.data(), &count, nullptr)
                    ? errno
                    : 0;
    if (error == ENOSPC) {  // a bucket does not fit
      room *= 2;
      batch.resize(room * info.key_size);
      values.resize(room * transfer_size(info));
      continue;
    }
    if (error && error != ENOENT) return std::nullopt;
    const auto found = std::span(batch).first(count * info.key_size);
    keys.insert(keys.end(), found.begin(), found.end());
    if (error == ENOENT) return keys;
    from = position.data();
  }
}

// The kernel starts again at the first key when the one it is asked to go on from has vanished: the
// walk is bounded, and a key may come twice.
Result<std::vector<std::byte>> walked_keys(const FileDescriptor& map, const bpf_map_info& info,
                                           const std::string& name) {
  std::vector<std::byte> keys;
  std::vector<std::byte> next(info.key_size);
  const void* last = nullptr;
  for (std::size_t count = 0; count < std::size_t{2} * info.max_entries; count++) {
    if (bpf_map_get_next_key(map.get(), last, next.data())) {
      if (errno == ENOENT) return keys;
      return fail_errno(errno, fmt::format("list table \"{}\"", name));
    }
    keys.insert(keys.end(), next.begin(), next.end());
    last = keys.data() + keys.size() - info.key_size;
  }
  return keys;
}

}  // namespace

Result<std::vector<std::byte>> list_keys(const FileDescriptor& map, const std::string& name) {
  auto info = map_info(map);
  if (!info) return fail_errno(info.error(), fmt::format("list table \"{}\"", name));
  auto keys = batched_keys(map, *info);
  return keys ? std::move(*keys) : walked_keys(map, *info, name);
}

}  // namespace xvnet
