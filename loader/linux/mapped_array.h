// SPDX-License-Identifier: BSD-2-Clause
//
// The mapped memory of an array map with BPF_F_MMAPABLE. bpf(2) guarantees no atomicity when it
// copies an element, and a program may read it meanwhile. Writes through the mapping are atomic for
// each 64-bit word.
#pragma once

#include <cstddef>
#include <span>

#include "loader/base/result.h"
#include "loader/linux/file_descriptor.h"

namespace xvnet {

class MappedArray {
 public:
  MappedArray() = default;
  // `size` is that of all elements, in bytes. The map must be writable. Its descriptor may be
  // closed afterwards.
  static Result<MappedArray> open(const FileDescriptor& map, std::size_t size);
  MappedArray(MappedArray&& other) noexcept;
  MappedArray& operator=(MappedArray&& other) noexcept;
  ~MappedArray();

  bool is_open() const { return !bytes_.empty(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  // `at` and the size of `value` must be multiples of 8 bytes.
  void write(std::size_t at, std::span<const std::byte> value);

 private:
  std::span<std::byte> bytes_;
};

}  // namespace xvnet
