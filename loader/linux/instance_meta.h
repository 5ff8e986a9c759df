// SPDX-License-Identifier: BSD-2-Clause
//
// The meta entry of an instance: whether it is complete, its network namespace and its build.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/base/tables.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

struct NetworkNamespace {
  std::uint64_t dev = 0;
  std::uint64_t inode = 0;
};

Result<NetworkNamespace> own_network_namespace();

// Begins the messages about an instance: `open instance "xvnet"`.
std::string opening_of(const PinRoot& root);

// Returns nothing if the pin is missing.
Result<std::optional<FileDescriptor>> find_meta(const PinRoot& root);
Result<abi::meta> read_meta(FileDescriptor map);
Result<void> write_meta(const PinRoot& root, const abi::meta& meta);

// Refuses an instance of another network namespace.
Result<void> check_namespace(const PinRoot& root, const NetworkNamespace& its);
// Refuses an instance that has another ABI.
Result<void> check_other_versions(const PinRoot& root);

}  // namespace xvnet
