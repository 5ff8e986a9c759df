// SPDX-License-Identifier: BSD-2-Clause
#include "cli/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "cli/text.h"
#include "loader/linux/file_descriptor.h"

namespace xvnet::cli {

namespace {

constexpr int kPipeTimeout = 5000;  // ms; how long to wait for a writer that sends nothing
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// Describes a file that is not a regular file.
const char* kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a directory";
    case S_IFLNK:
      return "a symbolic link";
    case S_IFCHR:
    case S_IFBLK:
      return "a device";
    case S_IFIFO:
      return "a pipe";
    case S_IFSOCK:
      return "a socket";
    default:
      return "not a regular file";
  }
}

Result<void> await_writer(int fd, const std::string& doing) {
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  const int ready = poll(&waited, 1, kPipeTimeout);
  if (ready < 0 && errno != EINTR) return fail_errno(errno, doing);
  if (ready == 0) return fail(doing + ": no data arrives from the pipe");
  return {};
}

// Also used for directories, because a rename is stored in the directory.
Result<void> sync(int fd, const std::string& doing) {
  // EINVAL means that the file system has no fsync().
  if (fsync(fd) == 0 || errno == EINVAL) return {};
  return fail_errno(errno, doing);
}

Result<FileDescriptor> open_directory(const std::filesystem::path& path, const std::string& doing) {
  FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return fail_errno(errno, doing);
  return directory;
}

// A temporary file in the directory of its target. The destructor removes it unless become()
// renamed it.
class Draft {
 public:
  Draft(int directory, std::string doing) : directory_(directory), doing_(std::move(doing)) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (file_.is_open()) unlinkat(directory_, name_.c_str(), 0);
  }

  // The name is random, so that no other user can have created a file there.
  Result<void> create() {
    std::uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number) return fail_errno(errno, doing_);
    name_ = fmt::format(".xvnet-{:016x}", number);
    file_ =
        FileDescriptor(openat(directory_, name_.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
    return file_.is_open() ? Result<void>{} : fail_errno(errno, doing_);
  }

  // Writes the text to disk before the rename. After a power failure either the old or the new file
  // exists, and is complete.
  Result<void> fill(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(file_.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return fail_errno(written < 0 ? errno : EIO, doing_);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    // Sets the mode whatever the umask is.
    if (fchmod(file_.get(), kOwnerOnly)) return fail_errno(errno, doing_);
    return sync(file_.get(), doing_);
  }

  Result<void> become(const std::string& name) {
    if (renameat(directory_, name_.c_str(), directory_, name.c_str()))
      return fail_errno(errno, doing_);
    file_ = FileDescriptor();
    return {};
  }

 private:
  int directory_;
  std::string doing_;
  std::string name_;
  FileDescriptor file_;
};

Result<void> check_replaceable(int directory, const std::string& name, const std::string& doing) {
  struct stat status{};
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW))
    return errno == ENOENT ? Result<void>{} : fail_errno(errno, doing);
  if (S_ISREG(status.st_mode)) return {};
  return fail(fmt::format("{}: it is {}", doing, kind_of(status.st_mode)),
              "name a regular file; - is standard output");
}

// Does not make a terminal the controlling one, and does not wait for the writer of a pipe.
Result<FileDescriptor> open_for_reading(const std::string& path, const std::string& doing) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.is_open()) return fail_errno(errno, doing);
  struct stat status{};
  if (fstat(file.get(), &status)) return fail_errno(errno, doing);
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
    return fail(fmt::format("{}: it is {}", doing, kind_of(status.st_mode)));
  return file;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const std::string doing = fmt::format("read {}", quote(path));
  XVNET_ASSIGN(file, open_for_reading(path, doing));
  std::string text;
  std::array<char, 65536> part;
  while (true) {
    const ssize_t size = read(file.get(), part.data(), part.size());
    if (size == 0) return text;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) return fail_errno(errno, doing);
    if (size < 0) {
      XVNET_TRY(await_writer(file.get(), doing));
      continue;
    }
    text.append(part.data(), static_cast<std::size_t>(size));
    if (text.size() > kMaxFileSize)
      return fail(fmt::format("{}: it is larger than {} MiB", doing, kMaxFileSize >> 20));
  }
}

Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string doing = fmt::format("write {}", quote(path));
  std::error_code error;
  const std::filesystem::path target = std::filesystem::absolute(path, error);
  const std::filesystem::path place = target.parent_path();
  const std::string name = target.filename();
  const bool is_new = !error && std::filesystem::create_directories(place, error);
  if (error) return fail_errno(error.value(), doing);
  if (name.empty()) return fail(fmt::format("{}: it is a directory", doing));
  XVNET_ASSIGN(directory, open_directory(place, doing));
  XVNET_TRY(check_replaceable(directory.get(), name, doing));
  Draft draft(directory.get(), doing);
  XVNET_TRY(draft.create());
  XVNET_TRY(draft.fill(text));
  XVNET_TRY(draft.become(name));
  XVNET_TRY(sync(directory.get(), doing));
  if (!is_new) return {};
  XVNET_ASSIGN(above, open_directory(place.parent_path(), doing));
  return sync(above.get(), doing);
}

}  // namespace xvnet::cli
