// SPDX-License-Identifier: BSD-2-Clause
//
// Listing a map, whatever kind of hash or array it is.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "loader/linux/bpf_object.h"
#include "loader/result.h"

namespace xvnet {

// What bpf(2) takes for one CPU's value of a per-CPU map: whole words.
constexpr std::size_t per_cpu_stride(std::size_t value_size) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  return (value_size + kWord - 1) / kWord * kWord;
}

constexpr bool is_per_cpu(std::uint32_t map_type) {
  return map_type == BPF_MAP_TYPE_PERCPU_HASH || map_type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

// The keys of some entries, and what bpf(2) gave for each, one after the other.
using BatchVisitor =
    std::function<void(std::span<const std::byte> keys, std::span<const std::byte> values)>;

// All entries, by batches. False: this kind of map cannot, and nothing that was visited counts.
bool visit_batches(const FileDescriptor& map, const BatchVisitor& visit);

// Every key, one after the other. Entries that change meanwhile may be missed or come twice.
Result<std::vector<std::byte>> list_keys(const FileDescriptor& map, const std::string& name);

}  // namespace xvnet
