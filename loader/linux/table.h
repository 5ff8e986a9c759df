// SPDX-License-Identifier: BSD-2-Clause
//
// A pinned map as the loader's RawTable. In an array with mmap access, an element of zeros is no
// entry.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "loader/base/host.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/mapped_array.h"

namespace xvnet {

class LinuxTable : public RawTable {
 public:
  // Takes over an open map. Fails if its entries do not have the sizes of maps/.
  static Result<std::unique_ptr<LinuxTable>> open(FileDescriptor map, TableId id);
  // A table that does not exist: it reads as empty and cannot be written.
  static std::unique_ptr<LinuxTable> absent(TableId id);

  bool is_there() const { return map_.is_open(); }

  std::size_t key_size() const override { return key_size_; }
  std::size_t value_size() const override { return value_size_; }
  Result<bool> lookup(std::span<const std::byte> key, std::span<std::byte> value) const override;
  Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value) override;
  Result<void> erase(std::span<const std::byte> key) override;
  Result<std::vector<std::byte>> keys() const override;
  Result<std::vector<std::byte>> entries() const override;

 private:
  LinuxTable() = default;
  // The bytes that bpf(2) transfers for one entry: the values of all CPUs, each rounded up.
  std::size_t transfer_size() const;
  // Converts what bpf(2) returned for one entry to the table's single value.
  void read_value(std::span<const std::byte> raw, std::span<std::byte> value) const;
  Result<void> check_key(std::span<const std::byte> key) const;

  // What elements() returns of an array.
  enum class Wanted { kKeys, kEntries };
  Result<std::vector<std::byte>> elements(Wanted wanted) const;
  Result<std::vector<std::byte>> read_elements() const;
  Result<void> write_element(std::span<const std::byte> key, std::span<const std::byte> value);

  FileDescriptor map_;
  bool is_record_ = false;
  mutable std::optional<std::vector<std::byte>> snapshot_;  // of records, until the next write
  bool is_array_ = false;
  MappedArray memory_;  // of a writable array
  std::string name_;
  std::size_t key_size_ = 0;
  std::size_t value_size_ = 0;
  std::size_t max_entries_ = 0;
  std::size_t cpus_ = 0;  // 0 if it is not a per-CPU map
};

}  // namespace xvnet
