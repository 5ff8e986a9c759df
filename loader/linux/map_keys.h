// SPDX-License-Identifier: BSD-2-Clause
//
// Lists the keys and entries of hash and array maps.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "loader/base/result.h"
#include "loader/linux/bpf_object.h"

namespace xvnet {

// The size of one CPU's value in bpf(2) for a per-CPU map: rounded up to 64-bit words.
constexpr std::size_t per_cpu_stride(std::size_t value_size) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  return (value_size + kWord - 1) / kWord * kWord;
}

constexpr bool is_per_cpu(std::uint32_t map_type) {
  return map_type == BPF_MAP_TYPE_PERCPU_HASH || map_type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

// Receives the keys of some entries, and their values as bpf(2) returned them.
using BatchVisitor =
    std::function<void(std::span<const std::byte> keys, std::span<const std::byte> values)>;

// Visits all entries in batches. Returns false if this kind of map has no batches; then ignore
// everything visited.
bool visit_batches(const FileDescriptor& map, const BatchVisitor& visit);

// Returns all keys, concatenated. Entries that change meanwhile may be missing or listed twice.
Result<std::vector<std::byte>> list_keys(const FileDescriptor& map, const std::string& name);

}  // namespace xvnet
