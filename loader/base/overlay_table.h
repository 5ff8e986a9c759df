// SPDX-License-Identifier: BSD-2-Clause
//
// A table that keeps writes in memory, on top of a table that is only read.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "loader/base/host.h"

namespace xvnet {

class OverlayTable final : public RawTable {
 public:
  using Bytes = std::vector<std::byte>;
  // Called for each write with the values before and after; null means no entry.
  using Watcher =
      std::function<void(std::span<const std::byte> key, const Bytes* before, const Bytes* after)>;

  // `below` may be null, which reads as empty. Otherwise it must outlive the overlay.
  OverlayTable(const RawTable* below, std::size_t key_size, std::size_t value_size)
      : below_(below), key_size_(key_size), value_size_(value_size) {}

  void watch(Watcher watcher) { watcher_ = std::move(watcher); }

  std::size_t key_size() const override { return key_size_; }
  std::size_t value_size() const override { return value_size_; }
  Result<bool> lookup(std::span<const std::byte> key, std::span<std::byte> value) const override;
  Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value) override;
  Result<void> erase(std::span<const std::byte> key) override;
  Result<std::vector<std::byte>> keys() const override;

 private:
  Result<void> write(std::span<const std::byte> key, std::optional<Bytes> value);

  const RawTable* below_;
  std::size_t key_size_;
  std::size_t value_size_;
  Watcher watcher_;
  std::map<Bytes, std::optional<Bytes>> written_;  // nullopt: erased
};

}  // namespace xvnet
