// SPDX-License-Identifier: BSD-2-Clause
//
// The tables of maps/, which the tests fill and read directly.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "frame.h"
#include "loader/base/tables.h"
#include "process.h"

namespace xvnet::test {

template <typename Key, typename Value>
class Table {
 public:
  explicit Table(int fd) : fd_(fd) {}

  void put(const Key& key, const Value& value) const {
    if (bpf_map_update_elem(fd_, &key, &value, BPF_ANY) != 0) throw_errno("writing a table");
  }

  std::optional<Value> find(const Key& key) const {
    Value value{};
    if (bpf_map_lookup_elem(fd_, &key, &value) == 0) return value;
    if (errno != ENOENT) throw_errno("reading a table");
    return std::nullopt;
  }

  // Erasing a missing key is no error.
  void erase(const Key& key) const {
    if (bpf_map_delete_elem(fd_, &key) != 0 && errno != ENOENT) throw_errno("emptying a table");
  }

  std::vector<Key> keys() const {
    std::vector<Key> all;
    Key key{};
    const void* previous = nullptr;
    while (bpf_map_get_next_key(fd_, previous, &key) == 0) {
      all.push_back(key);
      previous = &all.back();
    }
    return all;
  }

  void clear() const {
    for (const Key& key : keys()) erase(key);
  }

  int fd() const { return fd_; }

 private:
  int fd_;
};

// An array. An element of zeros counts as missing.
template <typename Value>
class ArrayTable {
 public:
  explicit ArrayTable(int fd) : table_(fd) {}

  void put(uint32_t index, const Value& value) const { table_.put(index, value); }
  void erase(uint32_t index) const { put(index, Value{}); }

  std::optional<Value> find(uint32_t index) const {
    const std::optional<Value> value = table_.find(index);
    return value && is_entry(*value) ? value : std::nullopt;
  }

  std::vector<uint32_t> keys() const {
    bpf_map_info info{};
    uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(table_.fd(), &info, &size) != 0) throw_errno("examining a table");
    std::vector<uint32_t> indexes(info.max_entries);
    std::vector<Value> values(info.max_entries);
    uint32_t count = info.max_entries;
    uint32_t position = 0;
    if (bpf_map_lookup_batch(table_.fd(), nullptr, &position, indexes.data(), values.data(), &count,
                             nullptr) != 0 &&
        errno != ENOENT)
      throw_errno("reading a table");
    std::vector<uint32_t> all;
    for (uint32_t i = 0; i < count; ++i)
      if (is_entry(values[i])) all.push_back(indexes[i]);
    return all;
  }

  void clear() const {
    for (const uint32_t index : keys()) erase(index);
  }

  int fd() const { return table_.fd(); }

 private:
  static bool is_entry(const Value& value) {
    static constexpr Value kNone{};
    return std::memcmp(&value, &kNone, sizeof value) != 0;
  }

  Table<uint32_t, Value> table_;
};

template <bpf_map_type type, typename Map>
struct TableOf {
  using Type = Table<typename Map::Key, typename Map::Value>;
};

template <typename Map>
struct TableOf<BPF_MAP_TYPE_ARRAY, Map> {
  using Type = ArrayTable<typename Map::Value>;
};

// Rig::zero_stats() empties these, port by port.
class PerCpuArray {
 public:
  explicit PerCpuArray(int fd) : fd_(fd) {}
  void clear() const {}
  int fd() const { return fd_; }

 private:
  int fd_;
};

template <typename Map>
struct TableOf<BPF_MAP_TYPE_PERCPU_ARRAY, Map> {
  using Type = PerCpuArray;
};

class Tables {
 public:
  explicit Tables(const bpf_object* object) : object_(object) {}

 private:
  int fd(const char* name) const { return bpf_object__find_map_fd_by_name(object_, name); }

  const bpf_object* object_;

 public:
#define TABLE(name, id, key, value, type, ...) \
  TableOf<BPF_MAP_TYPE_##type, abi::name##_map>::Type name{fd(#name)};
#include "maps/tables.def"
#undef TABLE
};

// The name of a counted reason in reasons.def.
std::string reason_name(uint32_t number);

// "10.0.0.1" in the tables' format.
abi::address address_of(const std::string& ip);
abi::fdb_key fdb_key(uint32_t network, const std::string& mac);
// A MAC in the format of a learner's slot.
uint64_t slot_of(const std::string& mac);
// The current time, in the clock of fdb_entry::last_seen_ns.
uint64_t monotonic_ns();

}  // namespace xvnet::test
