// SPDX-License-Identifier: BSD-2-Clause
//
// The memory of an array map made with BPF_F_MMAPABLE. bpf(2) copies an element byte by byte for
// all that it promises, and a program may read it meanwhile; through its memory it is written in
// words of 64 bits, each at once.
#pragma once

#include <cstddef>
#include <span>

#include "loader/linux/file_descriptor.h"
#include "loader/result.h"

namespace xvnet {

class MappedArray {
 public:
  MappedArray() = default;
  // `size` in bytes, of all elements. The map, opened to be written, may be closed afterwards.
  static Result<MappedArray> open(const FileDescriptor& map, std::size_t size);
  MappedArray(MappedArray&& other) noexcept;
  MappedArray& operator=(MappedArray&& other) noexcept;
  ~MappedArray();

  bool is_open() const { return !bytes_.empty(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  // `at` and the size of `value` are whole words.
  void write(std::size_t at, std::span<const std::byte> value);

 private:
  std::span<std::byte> bytes_;
};

}  // namespace xvnet
