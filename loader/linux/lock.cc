// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "loader/linux/capabilities.h"

namespace xvnet {

namespace {

Result<FileDescriptor> fail_to_lock(int error, const std::string& directory) {
  auto failure = fail_errno(error, fmt::format("lock {:?}", directory));
  if (failure.error().kind == ErrorKind::kNotPermitted) failure.error().hint = kOwnerHint;
  return failure;
}

}  // namespace

Result<FileDescriptor> lock_directory(const std::string& directory) {
  while (true) {
    if (mkdir(directory.c_str(), 0700) && errno != EEXIST) return fail_to_lock(errno, directory);
    FileDescriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.is_open() && errno == ENOENT) continue;
    if (!opened.is_open()) return fail_to_lock(errno, directory);
    while (flock(opened.get(), LOCK_EX)) {
      if (errno != EINTR) return fail_to_lock(errno, directory);
    }
    // The previous holder of the lock may have removed the directory, and another process may have
    // created it again.
    struct stat locked;
    struct stat current;
    if (fstat(opened.get(), &locked)) return fail_to_lock(errno, directory);
    bool is_there = stat(directory.c_str(), &current) == 0;
    if (is_there && locked.st_ino == current.st_ino) return opened;
    if (!is_there && errno != ENOENT) return fail_to_lock(errno, directory);
  }
}

}  // namespace xvnet
