// SPDX-License-Identifier: BSD-2-Clause
//
// The writers' lock of an instance: flock(2) on its directory. The kernel releases it when the
// process ends.
#pragma once

#include <string>

#include "loader/base/result.h"
#include "loader/linux/file_descriptor.h"

namespace xvnet {

// Creates the directory if it is missing and waits for the lock. The lock is held until the
// descriptor is closed.
Result<FileDescriptor> lock_directory(const std::string& directory);

}  // namespace xvnet
