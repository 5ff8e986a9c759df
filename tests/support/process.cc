// SPDX-License-Identifier: BSD-2-Clause
#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace xvnet::test {

using Clock = std::chrono::steady_clock;

void throw_errno(const std::string& doing) {
  throw SetupError(doing + ": " + std::strerror(errno));
}

std::string CommandResult::describe() const {
  return "$ " + command + "\nexit " + std::to_string(exit_code) + "\n" + out + err;
}

namespace {

constexpr int kCannotStart = 127;  // the shell's code for a command that could not be run

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
  Pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) throw_errno("creating a pipe");
    read_end = UniqueFd(fds[0]);
    write_end = UniqueFd(fds[1]);
  }
};

// Runs in the child. All memory was allocated before the fork.
[[noreturn]] void become(int netns, char* const* argv, char* const* environment, int out, int err) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (netns >= 0 && setns(netns, CLONE_NEWNET) != 0) _exit(kCannotStart);
  execvpe(argv[0], argv, environment);
  dprintf(STDERR_FILENO, "starting \"%s\": %s\n", argv[0], std::strerror(errno));
  _exit(kCannotStart);
}

std::vector<std::string> merged_environment(const CommandOptions& options) {
  std::vector<std::string> merged;
  merged.reserve(options.environment.size());
  for (const auto& [name, value] : options.environment) {
    std::string entry = name;
    entry.append("=").append(value);
    merged.push_back(std::move(entry));
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name = std::string(*entry).substr(0, std::string_view(*entry).find('='));
    bool overridden = false;
    for (const auto& added : options.environment) overridden |= added.first == name;
    if (!overridden) merged.emplace_back(*entry);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

// Reads both pipes until both are closed. False when the time limit passed first.
bool drain(int out, int err, std::string& out_text, std::string& err_text, Clock::time_point end) {
  std::array<pollfd, 2> fds{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  const std::array<std::string*, 2> texts{&out_text, &err_text};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    if (poll(fds.data(), fds.size(), static_cast<int>(left.count())) <= 0) continue;
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t got = read(fds[i].fd, buffer, sizeof(buffer));
      if (got > 0) {
        texts[i]->append(buffer, static_cast<size_t>(got));
      } else if (got == 0 || errno != EINTR) {
        fds[i].fd = -1;
      }
    }
  }
  return true;
}

}  // namespace

RunningCommand::RunningCommand(const std::vector<std::string>& argv, const CommandOptions& options)
    : limit_(options.limit) {
  for (const auto& word : argv) command_ += (command_.empty() ? "" : " ") + word;
  UniqueFd netns;
  if (!options.netns_path.empty()) {
    netns = UniqueFd(open(options.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns) throw_errno("opening network namespace \"" + options.netns_path + "\"");
  }
  std::vector<std::string> words = argv;
  std::vector<std::string> environment = merged_environment(options);
  const std::vector<char*> word_pointers = pointers(words);
  const std::vector<char*> environment_pointers = pointers(environment);
  Pipe out;
  Pipe err;
  pid_.value = fork();
  if (pid_.value < 0) throw_errno("forking");
  if (pid_.value == 0) {
    become(netns.get(), word_pointers.data(), environment_pointers.data(), out.write_end.get(),
           err.write_end.get());
  }
  out_ = std::move(out.read_end);
  err_ = std::move(err.read_end);
}

RunningCommand::~RunningCommand() {
  if (pid_.value < 0) return;
  kill(pid_.value, SIGKILL);
  waitpid(pid_.value, nullptr, 0);
}

std::size_t RunningCommand::unread() const {
  int bytes = 0;
  if (ioctl(out_.get(), FIONREAD, &bytes)) throw_errno("looking into a pipe");
  return static_cast<std::size_t>(bytes);
}

CommandResult RunningCommand::wait() {
  CommandResult result;
  result.command = command_;
  const bool finished =
      drain(out_.get(), err_.get(), result.out, result.err, Clock::now() + limit_);
  if (!finished) {
    kill(pid_.value, SIGKILL);
    result.err += "\n(killed: still running after " + std::to_string(limit_.count()) + " s)";
  }
  int status = 0;
  while (waitpid(pid_.value, &status, 0) < 0 && errno == EINTR) {
  }
  pid_.value = -1;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

CommandResult run_command(const std::vector<std::string>& argv, const CommandOptions& options) {
  return RunningCommand(argv, options).wait();
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace xvnet::test
