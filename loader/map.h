// SPDX-License-Identifier: BSD-2-Clause
//
// Map<K, V>: a table with the types of maps/. Kernel::open_*() refuses a map whose key or value
// size differs, so a Map never reads past an entry.
#pragma once

#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "loader/kernel.h"

namespace xvnet {

template <typename K, typename V>
class Map {
  static_assert(std::is_trivially_copyable_v<K> && std::is_trivially_copyable_v<V>);

 public:
  using Key = K;
  using Value = V;

  explicit Map(Table& table) : table_(&table) {}

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

  Table* table_;
};

}  // namespace xvnet
