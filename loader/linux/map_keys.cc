// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/map_keys.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace xvnet {
namespace {

// The number of entries in a batch. The first batch is small, because most tables have few entries,
// and touching a megabyte costs more than reading them.
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kFirstBatch = 64;
constexpr std::size_t kMaxBatch = 4096;
constexpr std::size_t kBatchGrowth = 4;

// The bytes that bpf(2) transfers for one value.
std::size_t transfer_size(const bpf_map_info& map) {
  if (!is_per_cpu(map.type)) return map.value_size;
  const int cpus = libbpf_num_possible_cpus();
  return per_cpu_stride(map.value_size) * static_cast<std::size_t>(std::max(cpus, 1));
}

// If the last key has vanished, the kernel starts again at the first one. So the loop is bounded,
// and a key may be listed twice.
Result<std::vector<std::byte>> walked_keys(const FileDescriptor& map, const bpf_map_info& info,
                                           const std::string& name) {
  std::vector<std::byte> keys;
  std::vector<std::byte> next(info.key_size);
  const void* last = nullptr;
  for (std::size_t count = 0; count < std::size_t{2} * info.max_entries; count++) {
    if (bpf_map_get_next_key(map.get(), last, next.data())) {
      if (errno == ENOENT) return keys;
      return fail_errno(errno, fmt::format("list table {:?}", name));
    }
    keys.insert(keys.end(), next.begin(), next.end());
    last = keys.data() + keys.size() - info.key_size;
  }
  return keys;
}

}  // namespace

// A batch holds whole buckets of the hash, so entries that come and go do not disturb the
// iteration.
bool visit_batches(const FileDescriptor& map, const BatchVisitor& visit) {
  const auto info = map_info(map);
  if (!info) return false;
  const std::size_t value_size = transfer_size(*info);
  std::vector<std::byte> position(std::max<std::size_t>(info->key_size, sizeof(std::uint32_t)));
  const std::size_t most = std::clamp(kBatchBytes / value_size, kFirstBatch, kMaxBatch);
  std::size_t room = kFirstBatch;
  std::vector<std::byte> keys, values;
  const void* from = nullptr;
  while (true) {
    keys.resize(room * info->key_size);
    values.resize(room * value_size);
    auto count = static_cast<std::uint32_t>(room);
    const int error = bpf_map_lookup_batch(map.get(), const_cast<void*>(from), position.data(),
                                           keys.data(), values.data(), &count, nullptr)
                          ? errno
                          : 0;
    if (error == ENOSPC) {  // a bucket does not fit
      room *= 2;
      continue;
    }
    if (error && error != ENOENT) return false;
    visit(std::span(keys).first(count * info->key_size),
          std::span(values).first(count * value_size));
    if (error == ENOENT) return true;
    from = position.data();
    room = std::max(room, std::min(room * kBatchGrowth, most));
  }
}

Result<std::vector<std::byte>> list_keys(const FileDescriptor& map, const std::string& name) {
  const auto info = map_info(map);
  if (!info) return fail_errno(info.error(), fmt::format("list table {:?}", name));
  std::vector<std::byte> keys;
  const bool done = visit_batches(
      map, [&](auto found, auto) { keys.insert(keys.end(), found.begin(), found.end()); });
  return done ? std::move(keys) : walked_keys(map, *info, name);
}

}  // namespace xvnet
