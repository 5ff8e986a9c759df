// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/overlay_table.h"

#include <algorithm>

namespace xvnet {
namespace {

OverlayTable::Bytes to_bytes(std::span<const std::byte> span) { return {span.begin(), span.end()}; }

}  // namespace

Result<bool> OverlayTable::lookup(std::span<const std::byte> key,
                                  std::span<std::byte> value) const {
  const auto written = written_.find(to_bytes(key));
  if (written == written_.end()) return below_ ? below_->lookup(key, value) : false;
  if (written->second) std::ranges::copy(*written->second, value.begin());
  return written->second.has_value();
}

Result<void> OverlayTable::update(std::span<const std::byte> key,
                                  std::span<const std::byte> value) {
  return write(key, to_bytes(value));
}

Result<void> OverlayTable::erase(std::span<const std::byte> key) {
  return write(key, std::nullopt);
}

Result<std::vector<std::byte>> OverlayTable::keys() const {
  Bytes keys;
  if (below_) {
    XVNET_ASSIGN(below, below_->keys());
    for (std::size_t at = 0; at + key_size_ <= below.size(); at += key_size_) {
      const auto key = std::span(below).subspan(at, key_size_);
      if (!written_.contains(to_bytes(key))) keys.insert(keys.end(), key.begin(), key.end());
    }
  }
  for (const auto& [key, value] : written_)
    if (value) keys.insert(keys.end(), key.begin(), key.end());
  return keys;
}

Result<void> OverlayTable::write(std::span<const std::byte> key, std::optional<Bytes> value) {
  Bytes before(value_size_);
  XVNET_ASSIGN(was_there, lookup(key, before));
  auto& written = written_[to_bytes(key)] = std::move(value);
  if (watcher_) watcher_(key, was_there ? &before : nullptr, written ? &*written : nullptr);
  return {};
}

}  // namespace xvnet
