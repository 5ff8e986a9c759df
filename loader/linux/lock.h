// SPDX-License-Identifier: BSD-2-Clause
//
// The writers' lock of an instance: flock(2) on its directory, which no crash can leave behind.
#pragma once

#include <string>

#include "loader/linux/file_descriptor.h"
#include "loader/result.h"

namespace xvnet {

// Makes the directory when it is missing and waits for the lock. It is held until the descriptor
// closes.
Result<FileDescriptor> lock_directory(const std::string& directory);

}  // namespace xvnet
