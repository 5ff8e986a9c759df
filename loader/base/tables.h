// SPDX-License-Identifier: BSD-2-Clause
//
// The tables of maps/tables.def with their types, and what is known of each.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "loader/base/host.h"
#include "maps/tables.h"

namespace xvnet {

// A table with the types of maps/. Host::open_*() refuses a map whose key or value size differs,
// so a Table never reads past an entry.
template <typename K, typename V>
class Table {
  static_assert(std::is_trivially_copyable_v<K> && std::is_trivially_copyable_v<V>);

 public:
  using Key = K;
  using Value = V;

  explicit Table(RawTable& table) : table_(&table) {}

  Result<std::optional<V>> find(const K& key) const {
    V value{};
    auto found = table_->lookup(bytes_of(key), std::as_writable_bytes(std::span(&value, 1)));
    if (!found) return std::unexpected(std::move(found).error());
    return *found ? std::optional<V>(value) : std::nullopt;
  }

  Result<void> put(const K& key, const V& value) {
    return table_->update(bytes_of(key), std::as_bytes(std::span(&value, 1)));
  }

  Result<void> erase(const K& key) { return table_->erase(bytes_of(key)); }

  // Returns a snapshot; entries that vanish meanwhile are left out.
  Result<std::vector<std::pair<K, V>>> entries() const {
    constexpr std::size_t kStride = sizeof(K) + sizeof(V);
    auto bytes = table_->entries();
    if (!bytes) return std::unexpected(std::move(bytes).error());
    std::vector<std::pair<K, V>> entries(bytes->size() / kStride);
    const std::byte* at = bytes->data();
    for (auto& [key, value] : entries) {
      std::memcpy(&key, at, sizeof key);
      std::memcpy(&value, at + sizeof key, sizeof value);
      at += kStride;
    }
    return entries;
  }

 private:
  static std::span<const std::byte> bytes_of(const K& key) {
    return std::as_bytes(std::span(&key, 1));
  }

  RawTable* table_;
};

}  // namespace xvnet

// The rows name the types of maps/ as C does.
namespace xvnet::abi {
#define TABLE(name, id, key, value, ...) using name##_map = Table<key, value>;
#include "maps/tables.def"
#undef TABLE
}  // namespace xvnet::abi

namespace xvnet {

class Tables {
  Host* host_;

 public:
  explicit Tables(Host& host) : host_(&host) {}

#define TABLE(name, id, ...) abi::name##_map name{host_->table(TableId::k##id)};
#include "maps/tables.def"
#undef TABLE
};

enum class Made { kAlways, kTailCalls };

struct TableShape {
  TableId id;
  std::string_view name;
  std::size_t key_size;    // bytes
  std::size_t value_size;  // bytes, of one CPU
  bpf_map_type type;
  std::size_t max_entries;
  bool has_memory;  // an array that the loader maps: an element of zeros is no entry of it
  Made made;
};

inline constexpr std::array kTableShapes{
#define TABLE(name, id, key, value, type, entries, flags, made) \
  TableShape{TableId::k##id,                                    \
             #name,                                             \
             sizeof(abi::name##_map::Key),                      \
             sizeof(abi::name##_map::Value),                    \
             BPF_MAP_TYPE_##type,                               \
             entries,                                           \
             ((flags) & BPF_F_MMAPABLE) != 0,                   \
             Made::k##made},
#include "maps/tables.def"
#undef TABLE
};

constexpr const TableShape& shape_of(TableId id) {
  return kTableShapes[static_cast<std::size_t>(id)];
}

constexpr std::string_view table_name(TableId id) { return shape_of(id).name; }

}  // namespace xvnet
