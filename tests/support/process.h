// SPDX-License-Identifier: BSD-2-Clause
//
// File descriptors that close themselves, and commands run without a shell.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace xvnet::test {

// What went wrong while a test was being set up. The tests' own support uses exceptions: GoogleTest
// turns one into a failure of the running test, and no test can go on half set up.
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
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
  std::string command;  // as run, for messages

  bool ok() const { return exit_code == 0; }
  std::string describe() const;
};

struct CommandOptions {
  std::string netns_path;                                        // empty: the caller's
  std::vector<std::pair<std::string, std::string>> environment;  // added to the caller's
  std::chrono::seconds limit{60};  // the child is killed past it: a hang must not hang the suite
};

// A child that was started and not yet waited for. Its output is read when it is waited for.
class RunningCommand {
 public:
  RunningCommand(const std::vector<std::string>& argv, const CommandOptions& options);
  RunningCommand(RunningCommand&&) = default;
  ~RunningCommand();
  CommandResult wait();
  // Bytes of its standard output that nobody has read yet.
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

// Calls `condition` until it holds or `limit` has passed; the only way in which a test waits.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

}  // namespace xvnet::test
