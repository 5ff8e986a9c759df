// SPDX-License-Identifier: BSD-2-Clause
#include "netns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

namespace xvnet::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* kNamespacePrefix = "xvt-";
constexpr const char* kInstancePrefix = "t";

// True for a name PREFIX<pid>-<n> whose process is gone.
bool is_stale(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return false;
  const char* begin = name.data() + prefix.size();
  const char* end = name.data() + name.size();
  pid_t pid = 0;
  const auto parsed = std::from_chars(begin, end, pid);
  if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != '-') return false;
  return kill(pid, 0) != 0 && errno == ESRCH;
}

std::vector<std::string> stale_entries(const fs::path& directory, const std::string& prefix) {
  std::vector<std::string> names;
  std::error_code ignored;  // the directory need not exist
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (is_stale(entry.path().filename(), prefix)) names.push_back(entry.path().filename());
  }
  return names;
}

}  // namespace

std::string unique_suffix() {
  static std::atomic<int> counter = 0;
  return std::to_string(getpid()) + "-" + std::to_string(++counter);
}

void purge_stale_namespaces() {
  for (const auto& name : stale_entries("/run/netns", kNamespacePrefix)) {
    run_command({"ip", "netns", "del", name});
  }
  for (const auto& name : stale_entries("/sys/fs/bpf", kInstancePrefix)) {
    std::error_code ignored;  // another suite may delete it at the same time
    fs::remove_all(fs::path("/sys/fs/bpf") / name, ignored);
  }
}

NetNs::Visit::Visit(const NetNs& target)
    : home_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  const UniqueFd there(open(target.path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!home_ || !there || setns(there.get(), CLONE_NEWNET) != 0) {
    throw_errno("entering network namespace \"" + target.name() + "\"");
  }
}

NetNs::Visit::~Visit() {
  // Continuing in the wrong namespace would send a test's frames to the machine's network.
  if (setns(home_.get(), CLONE_NEWNET) != 0) std::abort();
}

NetNs::NetNs(Ipv6 ipv6)
    : name_(kNamespacePrefix + unique_suffix()), path_("/run/netns/" + name_), is_own_(true) {
  static std::once_flag purged;
  std::call_once(purged, purge_stale_namespaces);
  const CommandResult added = run_command({"ip", "netns", "add", name_});
  if (!added.ok()) throw SetupError(added.describe());
  if (ipv6 == Ipv6::kQuiet) {
    set_sysctl("net.ipv6.conf.default.disable_ipv6", "1");
    set_sysctl("net.ipv6.conf.all.disable_ipv6", "1");
  }
  for (const char* family : {"iptables", "ip6tables", "arptables"}) {
    set_sysctl(std::string("net.bridge.bridge-nf-call-") + family, "0");
  }
  must({"ip", "link", "set", "lo", "up"});
}

NetNs::NetNs(Callers)
    : name_(kNamespacePrefix + unique_suffix()), path_("/run/netns/" + name_), is_own_(true) {
  const CommandResult named =
      run_command({"ip", "netns", "attach", name_, std::to_string(getpid())});
  if (!named.ok()) throw SetupError(named.describe());
}

NetNs::NetNs(const std::string& path)
    : name_(fs::path(path).filename()), path_(path), is_own_(false) {}

NetNs::~NetNs() {
  if (is_own_) run_command({"ip", "netns", "del", name_});
}

CommandResult NetNs::run(const std::vector<std::string>& argv) const {
  return run_command(argv, {.netns_path = path(), .environment = {}});
}

CommandResult NetNs::must(const std::vector<std::string>& argv) const {
  CommandResult result = run(argv);
  if (!result.ok()) throw SetupError(result.describe());
  return result;
}

bool NetNs::set_sysctl(const std::string& name, const std::string& value) const {
  std::string file = "/proc/sys/" + name;
  for (char& c : file) c = c == '.' ? '/' : c;
  return in([&] {
    std::ofstream stream(file);
    stream << value;
    stream.flush();
    return stream.good();
  });
}

}  // namespace xvnet::test
