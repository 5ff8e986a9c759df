// SPDX-License-Identifier: BSD-2-Clause
//
// A pinned map in memory, with the sizes and limits that the programs of bpf/ define.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "loader/base/tables.h"

namespace xvnet::test {

using Bytes = std::vector<std::byte>;

template <typename T>
Bytes to_bytes(const T& value) {
  auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

template <typename T>
T from_bytes(std::span<const std::byte> bytes) {
  T value{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), sizeof value),
              std::as_writable_bytes(std::span(&value, 1)).begin());
  return value;
}

class FakeTable final : public RawTable {
 public:
  // Makes a change, or fails it as the test demands.
  using Step = std::function<Result<void>(const std::string& verb, const FakeTable& table,
                                          std::span<const std::byte> key,
                                          const std::function<Result<void>()>& act)>;
  using DeviceExists = std::function<bool(std::uint32_t ifindex)>;

  FakeTable(const TableShape& shape, Step step, DeviceExists device_exists);

  const TableShape& shape() const { return shape_; }
  // All entries. For an array, only the elements that were written.
  const std::map<Bytes, Bytes>& raw() const { return entries_; }
  // World: writes what the programs or the kernel would write.
  void set(Bytes key, Bytes value) { entries_[std::move(key)] = std::move(value); }
  void drop(const Bytes& key) { entries_.erase(key); }
  void reset() { entries_.clear(); }
  // How often a caller has walked the whole table.
  int walks() const { return walks_; }

  template <typename K, typename V>
  std::vector<std::pair<K, V>> typed() const {
    std::vector<std::pair<K, V>> entries;
    entries.reserve(entries_.size());
    for (const auto& [key, value] : entries_) {
      entries.emplace_back(from_bytes<K>(key), from_bytes<V>(value));
    }
    return entries;
  }

  std::size_t key_size() const override { return shape_.key_size; }
  std::size_t value_size() const override { return shape_.value_size; }
  Result<bool> lookup(std::span<const std::byte> key, std::span<std::byte> value) const override;
  Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value) override;
  Result<void> erase(std::span<const std::byte> key) override;
  Result<std::vector<std::byte>> keys() const override;

 private:
  bool is_array() const;
  bool has_index(std::span<const std::byte> key) const;
  Result<void> store(std::span<const std::byte> key, std::span<const std::byte> value);

  TableShape shape_;
  Step step_;
  DeviceExists device_exists_;
  std::map<Bytes, Bytes> entries_;
  mutable int walks_ = 0;
};

}  // namespace xvnet::test
