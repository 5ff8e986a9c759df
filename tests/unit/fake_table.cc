// SPDX-License-Identifier: BSD-2-Clause
#include "fake_table.h"

#include <algorithm>

namespace xvnet::test {
FakeTable::FakeTable(const TableShape& shape, Step step, DeviceExists device_exists)
    : shape_(shape), step_(std::move(step)), device_exists_(std::move(device_exists)) {}

bool FakeTable::is_array() const {
  return (shape_.type == BPF_MAP_TYPE_ARRAY && !shape_.has_memory) ||
         shape_.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

bool FakeTable::has_index(std::span<const std::byte> key) const {
  return from_bytes<std::uint32_t>(key) < shape_.max_entries;
}

Result<bool> FakeTable::lookup(std::span<const std::byte> key, std::span<std::byte> value) const {
  if (key.size() != shape_.key_size || value.size() != shape_.value_size) {
    return fail("looking up " + std::string(shape_.name) + ": wrong size");
  }
  auto entry = entries_.find(Bytes(key.begin(), key.end()));
  if (entry == entries_.end() && is_array() && has_index(key)) {
    std::ranges::fill(value, std::byte{0});
    return true;
  }
  if (entry == entries_.end()) return false;
  std::ranges::copy(entry->second, value.begin());
  return true;
}

Result<void> FakeTable::update(std::span<const std::byte> key, std::span<const std::byte> value) {
  return step_("put", *this, key, [&] { return store(key, value); });
}

Result<void> FakeTable::store(std::span<const std::byte> key, std::span<const std::byte> value) {
  std::string doing = "updating " + std::string(shape_.name);
  if (key.size() != shape_.key_size || value.size() != shape_.value_size) {
    return fail(doing + ": wrong size");
  }
  Bytes stored_key(key.begin(), key.end());
  bool is_new = !entries_.contains(stored_key);
  if (is_new && entries_.size() >= shape_.max_entries) return fail(doing + ": the table is full");
  if (is_array() && !has_index(key)) return fail(doing + ": no such index");
  if (shape_.type == BPF_MAP_TYPE_DEVMAP_HASH &&
      !device_exists_(from_bytes<std::uint32_t>(value))) {
    return fail(doing + ": no such device");
  }
  const bool is_per_cpu =
      shape_.type == BPF_MAP_TYPE_PERCPU_HASH || shape_.type == BPF_MAP_TYPE_PERCPU_ARRAY;
  entries_[std::move(stored_key)] =
      is_per_cpu ? Bytes(shape_.value_size) : Bytes(value.begin(), value.end());
  return {};
}

Result<void> FakeTable::erase(std::span<const std::byte> key) {
  return step_("erase", *this, key, [&]() -> Result<void> {
    if (key.size() != shape_.key_size) return fail("erasing: wrong size");
    if (is_array()) return fail("erasing: an array keeps its entries");
    entries_.erase(Bytes(key.begin(), key.end()));
    return {};
  });
}

Result<std::vector<std::byte>> FakeTable::keys() const {
  ++walks_;
  std::vector<std::byte> all;
  for (const auto& [key, value] : entries_) all.insert(all.end(), key.begin(), key.end());
  return all;
}

}  // namespace xvnet::test
