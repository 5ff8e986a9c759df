// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/migration.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "loader/linux/bpf_object.h"
#include "loader/linux/map_keys.h"

namespace xvnet {
namespace {

// Without BTF types, as in a device map, the bytes are one field.
Result<std::vector<BtfField>> fields_or_bytes(const btf* types, std::uint32_t type,
                                              std::size_t size) {
  if (type) return fields_of_type(types, type);
  return std::vector{BtfField{"", 0, size}};
}

Result<void> add_fields(TableLayout& layout, const btf* types, std::uint32_t key,
                        std::uint32_t value) {
  XVNET_ASSIGN(key_fields, fields_or_bytes(types, key, layout.key_size));
  XVNET_ASSIGN(value_fields, fields_or_bytes(types, value, layout.value_size));
  layout.key = std::move(key_fields);
  layout.value = std::move(value_fields);
  return {};
}

// A range of bytes to copy from an old key or value to a new one.
struct Run {
  std::size_t from;
  std::size_t to;
  std::size_t size;
};

// Merges runs that are adjacent in both.
void append(std::vector<Run>& runs, const Run& run) {
  if (!runs.empty()) {
    Run& last = runs.back();
    if (last.from + last.size == run.from && last.to + last.size == run.to) {
      last.size += run.size;
      return;
    }
  }
  runs.push_back(run);
}

Result<std::vector<Run>> translate(const std::vector<BtfField>& from,
                                   const std::vector<BtfField>& to, const std::string& table) {
  std::vector<Run> runs;
  for (const BtfField& field : to) {
    const auto old = std::ranges::find(from, field.path, &BtfField::path);
    if (old == from.end()) continue;
    if (old->size != field.size) {
      return fail(
          fmt::format("migrate table {:?}: the size of field {:?} has changed", table, field.path));
    }
    append(runs, {old->offset, field.offset, field.size});
  }
  return runs;
}

void copy_runs(const std::vector<Run>& runs, const std::byte* from, std::byte* to) {
  for (const Run& run : runs) std::memcpy(to + run.to, from + run.from, run.size);
}

class Copy {
 public:
  static Result<Copy> make(const TableLayout& from, const TableLayout& to,
                           const std::string& table) {
    if (is_per_cpu(from.type) != is_per_cpu(to.type))
      return fail(fmt::format("migrate table {:?}: it is of another type", table));
    Copy copy;
    XVNET_ASSIGN(key, translate(from.key, to.key, table));
    XVNET_ASSIGN(value, translate(from.value, to.value, table));
    copy.key_runs_ = std::move(key);
    copy.value_runs_ = std::move(value);
    const int cpus = is_per_cpu(to.type) ? libbpf_num_possible_cpus() : 1;
    if (cpus <= 0) return fail_errno(-cpus, "count the CPUs");
    copy.values_ = static_cast<std::size_t>(cpus);
    copy.from_stride_ = is_per_cpu(from.type) ? per_cpu_stride(from.value_size) : from.value_size;
    copy.to_stride_ = is_per_cpu(to.type) ? per_cpu_stride(to.value_size) : to.value_size;
    copy.key_size_ = from.key_size;
    copy.new_key_.resize(to.key_size);
    copy.old_value_.resize(copy.from_stride_ * copy.values_);
    copy.new_value_.resize(copy.to_stride_ * copy.values_);
    copy.is_array_ = to.type == BPF_MAP_TYPE_ARRAY || to.type == BPF_MAP_TYPE_PERCPU_ARRAY;
    return copy;
  }

  Result<void> run(const FileDescriptor& from, const FileDescriptor& to, const std::string& table) {
    XVNET_ASSIGN(keys, list_keys(from, table));
    for (std::size_t at = 0; at + key_size_ <= keys.size(); at += key_size_) {
      const std::byte* key = keys.data() + at;
      if (bpf_map_lookup_elem(from.get(), key, old_value_.data())) {
        if (errno == ENOENT) continue;
        return fail_errno(errno, fmt::format("migrate table {:?}: read it", table));
      }
      if (is_array_ &&
          std::ranges::all_of(old_value_, [](std::byte each) { return each == std::byte{0}; }))
        continue;
      XVNET_TRY(put(key, to, table));
    }
    return {};
  }

 private:
  Copy() = default;

  Result<void> put(const std::byte* old_key, const FileDescriptor& to, const std::string& table) {
    std::ranges::fill(new_key_, std::byte{0});
    std::ranges::fill(new_value_, std::byte{0});
    copy_runs(key_runs_, old_key, new_key_.data());
    for (std::size_t at = 0; at < values_; at++) {
      copy_runs(value_runs_, old_value_.data() + at * from_stride_,
                new_value_.data() + at * to_stride_);
    }
    if (bpf_map_update_elem(to.get(), new_key_.data(), new_value_.data(),
                            is_array_ ? BPF_ANY : BPF_NOEXIST) == 0)
      return {};
    if (errno == EEXIST) return {};
    if (errno == E2BIG)
      return fail(
          fmt::format("migrate table {:?}: one of its entries does not fit into the new one",
                      table),
          "create the instance again: `«save»`, `«down»` and `«restore»`");
    return fail_errno(errno, fmt::format("migrate table {:?}: write the new one", table));
  }

  std::vector<Run> key_runs_, value_runs_;
  std::size_t key_size_ = 0;  // of the old table
  std::vector<std::byte> new_key_, old_value_, new_value_;
  std::size_t values_ = 1;  // values of one entry: one for each CPU in a per-CPU map
  std::size_t from_stride_ = 0, to_stride_ = 0;
  bool is_array_ = false;  // it has every key; an element of zeros is no entry
};

}  // namespace

Result<TableLayout> layout_of(const FileDescriptor& map, const std::string& name) {
  const std::string doing = fmt::format("read the layout of table {:?}", name);
  auto info = map_info(map);
  if (!info) return fail_errno(info.error(), doing);
  TableLayout layout{.type = info->type,
                     .key_size = info->key_size,
                     .value_size = info->value_size,
                     .max_entries = info->max_entries,
                     .flags = comparable_flags(info->map_flags),
                     .key = {},
                     .value = {}};
  Btf types(info->btf_id ? btf__load_from_kernel_by_id(info->btf_id) : nullptr);
  if (info->btf_id && !types) {
    auto failure = fail_errno(errno, doing);
    if (errno == EPERM) failure.error().hint = "migrating tables needs CAP_SYS_ADMIN";
    return failure;
  }
  XVNET_TRY(add_fields(layout, types.get(), info->btf_key_type_id, info->btf_value_type_id));
  return layout;
}

Result<TableLayout> layout_of(const bpf_object* object, const bpf_map* map) {
  TableLayout layout{.type = static_cast<std::uint32_t>(bpf_map__type(map)),
                     .key_size = bpf_map__key_size(map),
                     .value_size = bpf_map__value_size(map),
                     .max_entries = bpf_map__max_entries(map),
                     .flags = comparable_flags(bpf_map__map_flags(map)),
                     .key = {},
                     .value = {}};
  XVNET_TRY(add_fields(layout, bpf_object__btf(object), bpf_map__btf_key_type_id(map),
                       bpf_map__btf_value_type_id(map)));
  return layout;
}

Result<void> copy_entries(const FileDescriptor& from, const FileDescriptor& to,
                          const std::string& name) {
  XVNET_ASSIGN(from_layout, layout_of(from, name));
  XVNET_ASSIGN(to_layout, layout_of(to, name));
  XVNET_ASSIGN(copy, Copy::make(from_layout, to_layout, name));
  return copy.run(from, to, name);
}

Result<std::uint64_t> read_number(const FileDescriptor& map, const std::string& name,
                                  std::string_view path) {
  XVNET_ASSIGN(layout, layout_of(map, name));
  const auto field = std::ranges::find(layout.value, path, &BtfField::path);
  if (field == layout.value.end() || field->size > sizeof(std::uint64_t))
    return fail(fmt::format("read table {:?}: it has no {:?}", name, path));
  constexpr std::uint32_t kFirst = 0;
  std::vector<std::byte> value(layout.value_size);
  if (bpf_map_lookup_elem(map.get(), &kFirst, value.data()))
    return fail_errno(errno, fmt::format("read table {:?}", name));
  std::uint64_t number = 0;
  std::memcpy(&number, value.data() + field->offset, field->size);
  return number;
}

}  // namespace xvnet
