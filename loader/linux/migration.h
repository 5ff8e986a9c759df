// SPDX-License-Identifier: BSD-2-Clause
//
// Tables of another version of xvnet: what their entries look like, and taking them over. Fields
// are known by their names, so a version that adds, moves or drops fields needs no code for it.
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

// Needs CAP_SYS_ADMIN: the kernel gives nobody else the BTF of a map.
Result<TableLayout> layout_of(const FileDescriptor& map, const std::string& name);
// Of a map that is built in.
Result<TableLayout> layout_of(const bpf_object* object, const bpf_map* map);

// Puts every entry of `from` into `to`, which other programs may be using: an entry that is there
// already stays. A field that `from` lacks is zero, one of another size is refused.
Result<void> copy_entries(const FileDescriptor& from, const FileDescriptor& to,
                          const std::string& name);

// The number in the field `path` of a map's entry 0.
Result<std::uint64_t> read_number(const FileDescriptor& map, const std::string& name,
                                  std::string_view path);

}  // namespace xvnet
