// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/table.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "loader/linux/bpf_object.h"
#include "loader/linux/programs.h"
#include "loader/tables.h"

namespace xvnet {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

// One batch of listed entries; the values come along unasked.
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kMinBatch = 64;
constexpr std::size_t kMaxBatch = 4096;

struct Layout {
  std::size_t key_size;
  std::size_t value_size;
};

Layout layout_of(TableId id) {
  constexpr std::size_t kNumber = sizeof(std::uint32_t);  // an ifindex, an id, an index
  switch (id) {
    case TableId::kInterfaces:
      return {kNumber, sizeof(abi::interface)};
    case TableId::kNetworks:
      return {kNumber, sizeof(abi::network)};
    case TableId::kVlans:
      return {sizeof(abi::vlan_key), kNumber};
    case TableId::kMembers:
      return {kNumber, sizeof(abi::members)};
    case TableId::kFdb:
      return {sizeof(abi::fdb_key), sizeof(abi::fdb_entry)};
    case TableId::kLearners:
      return {sizeof(abi::learner_key), sizeof(abi::learner)};
    case TableId::kDevices:
      return {kNumber, kNumber};
    case TableId::kStats:
      return {kNumber, sizeof(abi::stats)};
    case TableId::kPortRecords:
      return {kNumber, sizeof(abi::port_record)};
    case TableId::kUplinkRecords:
      return {kNumber, sizeof(abi::uplink_record)};
    case TableId::kNetworkRecords:
      return {kNumber, sizeof(abi::network_record)};
    case TableId::kMeta:
      return {kNumber, sizeof(abi::meta)};
  }
  return {};
}

std::size_t round_up(std::size_t size) { return (size + kWord - 1) / kWord * kWord; }

}  // namespace

Result<std::unique_ptr<LinuxTable>> LinuxTable::open(FileDescriptor map, TableId id) {
  std::string name(table_name(id));
  std::string doing = fmt::format("open table \"{}\"", name);
  auto info = map_info(map);
  if (!info) return fail_errno(info.error(), doing);
  Layout layout = layout_of(id);
  if (info->key_size != layout.key_size || info->value_size != layout.value_size) {
    return fail(doing + ": the pinned one is of another layout",
                "run `xvnet down` of the version that made it");
  }
  std::unique_ptr<LinuxTable> table(new LinuxTable);
  table->key_size_ = info->key_size;
  table->value_size_ = info->value_size;
  table->max_entries_ = info->max_entries;
  if (info->type == BPF_MAP_TYPE_PERCPU_HASH) {
    int cpus = libbpf_num_possible_cpus();
    if (cpus <= 0) return fail_errno(-cpus, doing + ": count the CPUs");
    if (info->value_size % kWord) return fail(doing + ": its values are not of 64-bit words");
    table->cpus_ = static_cast<std::size_t>(cpus);
  }
  table->map_ = std::move(map);
  table->name_ = std::move(name);
  return table;
}

std::size_t LinuxTable::transfer_size() const {
  return cpus_ ? round_up(value_size_) * cpus_ : value_size_;
}

Result<void> LinuxTable::check_key(std::span<const std::byte> key) const {
  if (key.size() == key_size_) return {};
  return fail(fmt::format("use table \"{}\": its keys have {} bytes, not {}", name_, key_size_,
                          key.size()));
}

Result<bool> LinuxTable::lookup(std::span<const std::byte> key, std::span<std::byte> value) const {
  XVNET_TRY(check_key(key));
  if (value.size() != value_size_) {
    return fail(fmt::format("read table \"{}\": its values have {} bytes, not {}", name_,
                            value_size_, value.size()));
  }
  std::vector<std::byte> raw(transfer_size());
  if (bpf_map_lookup_elem(map_.get(), key.data(), raw.data())) {
    if (errno == ENOENT) return false;
    return fail_errno(errno, fmt::format("read table \"{}\"", name_));
  }
  if (cpus_ == 0) {
    std::ranges::copy(raw, value.begin());
    return true;
  }
  for (std::size_t at = 0; at < value_size_; at += kWord) {
    std::uint64_t sum = 0;
    for (std::size_t cpu = 0; cpu < cpus_; cpu++) {
      std::uint64_t word;
      std::memcpy(&word, raw.data() + cpu * round_up(value_size_) + at, kWord);
      sum += word;
    }
    std::memcpy(value.data() + at, &sum, kWord);
  }
  return true;
}

Result<void> LinuxTable::update(std::span<const std::byte> key, std::span<const std::byte> value) {
  XVNET_TRY(check_key(key));
  if (value.size() != value_size_) {
    return fail(fmt::format("write table \"{}\": its values have {} bytes, not {}", name_,
                            value_size_, value.size()));
  }
  // Zeros on every CPU of a per-CPU map: a sum cannot be taken apart again.
  std::vector<std::byte> raw(transfer_size());
  if (cpus_ == 0) std::ranges::copy(value, raw.begin());
  if (bpf_map_update_elem(map_.get(), key.data(), raw.data(), BPF_ANY) == 0) return {};
  if (errno == E2BIG || errno == ENOSPC) {
    return fail(
        fmt::format("write table \"{}\": it is full, with {} entries", name_, max_entries_));
  }
  return fail_errno(errno, fmt::format("write table \"{}\"", name_));
}

Result<void> LinuxTable::erase(std::span<const std::byte> key) {
  XVNET_TRY(check_key(key));
  if (bpf_map_delete_elem(map_.get(), key.data()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("remove from table \"{}\"", name_));
}

Result<std::vector<std::byte>> LinuxTable::keys() const {
  XVNET_ASSIGN(keys, batched_keys());
  return keys ? Result<std::vector<std::byte>>(std::move(*keys)) : walked_keys();
}

// By buckets of the hash, which entries that come and go do not disturb.
Result<std::optional<std::vector<std::byte>>> LinuxTable::batched_keys() const {
  std::vector<std::byte> keys;
  std::vector<std::byte> position(std::max(key_size_, sizeof(std::uint32_t)));
  std::size_t room = std::clamp(kBatchBytes / transfer_size(), kMinBatch, kMaxBatch);
  std::vector<std::byte> batch(room * key_size_);
  std::vector<std::byte> values(room * transfer_size());
  const void* from = nullptr;
  while (true) {
    auto count = static_cast<std::uint32_t>(room);
    int error = bpf_map_lookup_batch(map_.get(), const_cast<void*>(from), position.data(),
                                     batch.data(), values.data(), &count, nullptr)
                    ? errno
                    : 0;
    if (error == ENOSPC) {  // a bucket does not fit
      room *= 2;
      batch.resize(room * key_size_);
      values.resize(room * transfer_size());
      continue;
    }
    if (error && error != ENOENT) return std::nullopt;
    const auto found = std::span(batch).first(count * key_size_);
    keys.insert(keys.end(), found.begin(), found.end());
    if (error == ENOENT) return keys;
    from = position.data();
  }
}

// For the kinds of maps without batches. The kernel starts again at the first key when the one it
// is asked to go on from has vanished: the walk is bounded, and a key may come twice.
Result<std::vector<std::byte>> LinuxTable::walked_keys() const {
  std::vector<std::byte> keys;
  std::vector<std::byte> next(key_size_);
  const void* last = nullptr;
  for (std::size_t count = 0; count < 2 * max_entries_; count++) {
    if (bpf_map_get_next_key(map_.get(), last, next.data())) {
      if (errno == ENOENT) return keys;
      return fail_errno(errno, fmt::format("list table \"{}\"", name_));
    }
    keys.insert(keys.end(), next.begin(), next.end());
    last = keys.data() + keys.size() - key_size_;
  }
  return keys;
}

}  // namespace xvnet
