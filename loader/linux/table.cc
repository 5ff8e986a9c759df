// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/table.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "loader/base/tables.h"
#include "loader/linux/bpf_object.h"
#include "loader/linux/map_keys.h"

namespace xvnet {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

// Only the holder of the lock writes records; no program does.
bool is_record(TableId id) {
  return id == TableId::kPortRecords || id == TableId::kUplinkRecords ||
         id == TableId::kNetworkRecords;
}

// The kernel does not map the memory of a map that was opened read-only.
bool is_writable(const FileDescriptor& map) {
  return (fcntl(map.get(), F_GETFL) & O_ACCMODE) == O_RDWR;
}

// An array always has all its elements, so an element of zeros is no entry. Elements are whole
// 64-bit words.
bool is_entry(std::span<const std::byte> element) {
  for (std::size_t at = 0; at < element.size(); at += kWord) {
    std::uint64_t word;
    std::memcpy(&word, element.data() + at, kWord);
    if (word) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<LinuxTable>> LinuxTable::open(FileDescriptor map, TableId id) {
  const TableShape& shape = shape_of(id);
  std::string doing = fmt::format("open table {:?}", shape.name);
  auto info = map_info(map);
  if (!info) return fail_errno(info.error(), doing);
  if (info->key_size != shape.key_size || info->value_size != shape.value_size) {
    return fail(doing + ": the pinned table has another layout",
                "run `«down»` of the version that created it");
  }
  std::unique_ptr<LinuxTable> table(new LinuxTable);
  table->key_size_ = info->key_size;
  table->value_size_ = info->value_size;
  table->max_entries_ = info->max_entries;
  if (is_per_cpu(info->type)) {
    int cpus = libbpf_num_possible_cpus();
    if (cpus <= 0) return fail_errno(-cpus, doing + ": count the CPUs");
    if (info->value_size % kWord)
      return fail(doing + ": its values do not consist of 64-bit words");
    table->cpus_ = static_cast<std::size_t>(cpus);
  }
  table->is_record_ = is_record(id);
  table->is_array_ = info->map_flags & BPF_F_MMAPABLE;
  if (table->is_array_ && info->value_size % kWord)
    return fail(doing + ": its values do not consist of 64-bit words");
  if (table->is_array_ && is_writable(map)) {
    XVNET_ASSIGN(memory, MappedArray::open(map, std::size_t{info->max_entries} * info->value_size));
    table->memory_ = std::move(memory);
  }
  table->map_ = std::move(map);
  table->name_ = shape.name;
  return table;
}

std::unique_ptr<LinuxTable> LinuxTable::absent(TableId id) {
  std::unique_ptr<LinuxTable> table(new LinuxTable);
  const TableShape& shape = shape_of(id);
  table->key_size_ = shape.key_size;
  table->value_size_ = shape.value_size;
  table->name_ = shape.name;
  return table;
}

std::size_t LinuxTable::transfer_size() const {
  return cpus_ ? per_cpu_stride(value_size_) * cpus_ : value_size_;
}

Result<void> LinuxTable::check_key(std::span<const std::byte> key) const {
  if (key.size() == key_size_) return {};
  return fail(
      fmt::format("use table {:?}: its keys have {} bytes, not {}", name_, key_size_, key.size()));
}

Result<bool> LinuxTable::lookup(std::span<const std::byte> key, std::span<std::byte> value) const {
  XVNET_TRY(check_key(key));
  if (value.size() != value_size_) {
    return fail(fmt::format("read table {:?}: its values have {} bytes, not {}", name_, value_size_,
                            value.size()));
  }
  if (!is_there()) return false;
  std::vector<std::byte> raw(transfer_size());
  if (bpf_map_lookup_elem(map_.get(), key.data(), raw.data())) {
    if (errno == ENOENT) return false;
    return fail_errno(errno, fmt::format("read table {:?}", name_));
  }
  read_value(raw, value);
  return !is_array_ || is_entry(value);
}

void LinuxTable::read_value(std::span<const std::byte> raw, std::span<std::byte> value) const {
  if (cpus_ == 0) {
    std::ranges::copy(raw, value.begin());
    return;
  }
  for (std::size_t at = 0; at < value_size_; at += kWord) {
    std::uint64_t sum = 0;
    for (std::size_t cpu = 0; cpu < cpus_; cpu++) {
      std::uint64_t word;
      std::memcpy(&word, raw.data() + cpu * per_cpu_stride(value_size_) + at, kWord);
      sum += word;
    }
    std::memcpy(value.data() + at, &sum, kWord);
  }
}

Result<void> LinuxTable::update(std::span<const std::byte> key, std::span<const std::byte> value) {
  XVNET_TRY(check_key(key));
  if (value.size() != value_size_) {
    return fail(fmt::format("write table {:?}: its values have {} bytes, not {}", name_,
                            value_size_, value.size()));
  }
  if (!is_there()) return fail(fmt::format("write table {:?}: it does not exist", name_));
  if (is_array_) return write_element(key, value);
  snapshot_.reset();
  // A per-CPU map gets zeros on every CPU, because a sum cannot be split again.
  std::vector<std::byte> raw(transfer_size());
  if (cpus_ == 0) std::ranges::copy(value, raw.begin());
  if (bpf_map_update_elem(map_.get(), key.data(), raw.data(), BPF_ANY) == 0) return {};
  if (errno == E2BIG || errno == ENOSPC) {
    return fail(fmt::format("write table {:?}: it is full, with {} entries", name_, max_entries_));
  }
  return fail_errno(errno, fmt::format("write table {:?}", name_));
}

Result<void> LinuxTable::erase(std::span<const std::byte> key) {
  XVNET_TRY(check_key(key));
  if (!is_there()) return {};
  if (is_array_) return write_element(key, std::vector<std::byte>(value_size_));
  snapshot_.reset();
  if (bpf_map_delete_elem(map_.get(), key.data()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("remove from table {:?}", name_));
}

Result<void> LinuxTable::write_element(std::span<const std::byte> key,
                                       std::span<const std::byte> value) {
  if (!memory_.is_open()) return fail(fmt::format("write table {:?}: it is open read-only", name_));
  std::uint32_t index = 0;
  std::memcpy(&index, key.data(), sizeof index);
  if (index >= max_entries_)
    return fail(fmt::format("write table {:?}: it has {} entries", name_, max_entries_));
  memory_.write(index * value_size_, value);
  return {};
}

Result<std::vector<std::byte>> LinuxTable::read_elements() const {
  std::vector<std::byte> all;
  const bool done = visit_batches(
      map_, [&all](auto, auto values) { all.insert(all.end(), values.begin(), values.end()); });
  if (!done) return fail_errno(errno, fmt::format("read table {:?}", name_));
  return all;
}

Result<std::vector<std::byte>> LinuxTable::elements(Wanted wanted) const {
  std::vector<std::byte> copy;
  if (!memory_.is_open()) {
    XVNET_ASSIGN(read, read_elements());
    copy = std::move(read);
  }
  const auto all = memory_.is_open() ? memory_.bytes() : std::span<const std::byte>(copy);
  std::vector<std::byte> found;
  for (std::uint32_t index = 0; index * value_size_ < all.size(); index++) {
    const auto element = all.subspan(index * value_size_, value_size_);
    if (!is_entry(element)) continue;
    const auto key = std::as_bytes(std::span(&index, 1));
    found.insert(found.end(), key.begin(), key.end());
    if (wanted == Wanted::kEntries) found.insert(found.end(), element.begin(), element.end());
  }
  return found;
}

Result<std::vector<std::byte>> LinuxTable::keys() const {
  if (is_array_) return elements(Wanted::kKeys);
  return is_there() ? list_keys(map_, name_) : std::vector<std::byte>{};
}

// A command reads whole tables, and one system call for each entry would make it slower with each
// port.
Result<std::vector<std::byte>> LinuxTable::entries() const {
  if (!is_there()) return std::vector<std::byte>{};
  if (is_array_) return elements(Wanted::kEntries);
  if (snapshot_) return *snapshot_;
  std::vector<std::byte> entries;
  const bool done = visit_batches(map_, [&](auto keys, auto values) {
    const std::size_t count = keys.size() / key_size_;
    std::size_t to = entries.size();
    entries.resize(to + count * (key_size_ + value_size_));
    for (std::size_t at = 0; at < count; ++at) {
      std::ranges::copy(keys.subspan(at * key_size_, key_size_), entries.data() + to);
      to += key_size_;
      read_value(values.subspan(at * transfer_size(), transfer_size()),
                 std::span(entries).subspan(to, value_size_));
      to += value_size_;
    }
  });
  if (!done) return RawTable::entries();
  if (is_record_) snapshot_ = entries;
  return entries;
}

}  // namespace xvnet
