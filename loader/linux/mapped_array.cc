// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/mapped_array.h"

#include <sys/mman.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace xvnet {

Result<MappedArray> MappedArray::open(const FileDescriptor& map, std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, map.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "map the memory of a table");
  MappedArray array;
  array.bytes_ = {static_cast<std::byte*>(memory), size};
  return array;
}

MappedArray::MappedArray(MappedArray&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedArray& MappedArray::operator=(MappedArray&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedArray::~MappedArray() {
  if (is_open()) munmap(bytes_.data(), bytes_.size());
}

void MappedArray::write(std::size_t at, std::span<const std::byte> value) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  assert(at % kWord == 0 && value.size() % kWord == 0 && at + value.size() <= bytes_.size());
  for (std::size_t offset = 0; offset < value.size(); offset += kWord) {
    std::uint64_t word;
    std::memcpy(&word, value.data() + offset, kWord);
    auto* place = reinterpret_cast<std::uint64_t*>(bytes_.data() + at + offset);
    std::atomic_ref(*place).store(word, std::memory_order_release);
  }
}

}  // namespace xvnet
