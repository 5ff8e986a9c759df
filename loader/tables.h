// SPDX-License-Identifier: BSD-2-Clause
//
// The tables of maps/tables.def with their types, and what is known of each.
#pragma once

#include <linux/bpf.h>

#include <array>

#include "loader/map.h"
#include "maps/tables.h"

// The rows name the types of maps/ as C does.
namespace xvnet::abi {
#define TABLE(name, id, key, value, ...) using name##_map = Map<key, value>;
#include "maps/tables.def"
#undef TABLE
}  // namespace xvnet::abi

namespace xvnet {

class Tables {
  Kernel* kernel_;

 public:
  explicit Tables(Kernel& kernel) : kernel_(&kernel) {}

#define TABLE(name, id, ...) abi::name##_map name{kernel_->table(TableId::k##id)};
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
