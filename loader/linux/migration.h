// SPDX-License-Identifier: BSD-2-Clause
//
// Tables of another version of xvnet: reads their layout and copies their entries. Fields are
// matched by name, so versions that add, move or drop fields need no special code.
#pragma once

#include <linux/types.h>

#include <string>
#include <string_view>

#include "loader/linux/btf_fields.h"
#include "loader/linux/file_descriptor.h"

struct bpf_map;
struct bpf_object;

namespace xvnet {

struct TableLayout {
  std::uint32_t type = 0;  // enum bpf_map_type
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint32_t max_entries = 0;
  std::uint32_t flags = 0;
  std::vector<BtfField> key;
  std::vector<BtfField> value;
  bool operator==(const TableLayout&) const = default;
};

// Needs CAP_SYS_ADMIN, because the kernel shows the BTF of a map to no other process.
Result<TableLayout> layout_of(const FileDescriptor& map, const std::string& name);
// The layout of a built-in map.
Result<TableLayout> layout_of(const bpf_object* object, const bpf_map* map);

// Copies every entry of `from` to `to`, which programs may be using already. An existing entry of a
// hash stays; in an array, the elements of `from` that are not zero overwrite. A field that `from`
// lacks becomes zero; a field of another size is an error.
Result<void> copy_entries(const FileDescriptor& from, const FileDescriptor& to,
                          const std::string& name);

// Reads the number in field `path` of the map's entry 0.
Result<std::uint64_t> read_number(const FileDescriptor& map, const std::string& name,
                                  std::string_view path);

}  // namespace xvnet
