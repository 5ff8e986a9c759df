// SPDX-License-Identifier: BSD-2-Clause
//
// File descriptors that close themselves, and commands that run without a shell.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace xvnet::test {

// An error in a test's setup. The test support uses exceptions, because GoogleTest turns an
// exception into a failure of the running test, and no test can continue with a partial setup.
struct SetupError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws a SetupError "<doing>: <text of errno>".
[[noreturn]] void throw_errno(const std::string& doing);

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct CommandResult {
  int exit_code = -1;  // 128 + signal if a signal ended it
  std::string out;
  std::string err;
  std::string command;  // as run, for messages

  bool ok() const { return exit_code == 0; }
  std::string describe() const;
};

struct CommandOptions {
  std::string netns_path;                                        // empty: the caller's namespace
  std::vector<std::pair<std::string, std::string>> environment;  // added to the caller's
  std::chrono::seconds limit{60};  // the child is killed then, so as not to block the suite
};

// A child that was started and not waited for. wait() reads its output.
class RunningCommand {
 public:
  RunningCommand(const std::vector<std::string>& argv, const CommandOptions& options);
  RunningCommand(RunningCommand&&) = default;
  ~RunningCommand();
  CommandResult wait();
  // The number of unread bytes of its standard output.
  std::size_t unread() const;
  int pid() const { return pid_.value; }

 private:
  struct Pid {
    int value = -1;
    Pid() = default;
    Pid(Pid&& other) noexcept : value(std::exchange(other.value, -1)) {}
  };
  Pid pid_;
  UniqueFd out_;
  UniqueFd err_;
  std::string command_;
  std::chrono::seconds limit_;
};

CommandResult run_command(const std::vector<std::string>& argv, const CommandOptions& options = {});

// Calls `condition` until it holds or `limit` has passed. Tests must not wait in any other way.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

}  // namespace xvnet::test
