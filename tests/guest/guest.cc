// SPDX-License-Identifier: BSD-2-Clause
#include "guest.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

namespace xvnet::test {

namespace {

constexpr int kFileMegabytes = 50;
// Without KVM on a busy machine, a boot is slow. The script itself gives up after 120 s.
constexpr auto kBootLimit = std::chrono::seconds(150);
// The extra time for the script beyond the limit of the command in the guest.
constexpr auto kReplySlack = std::chrono::seconds(30);

std::string source_directory() {
  const char* path = std::getenv("XVNET_SOURCE");
  if (path == nullptr) throw SetupError("XVNET_SOURCE is not set: run the tests by ctest");
  return path;
}

// A directory for the state of this process's guests. It is removed when the process ends.
class StateDirectory {
 public:
  StateDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "xvnet-guests-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw_errno("creating \"" + name + "\"");
    path_ = name;
  }
  ~StateDirectory() {
    std::error_code ignored;  // an error at exit cannot be handled
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

CommandResult guest_script(const std::vector<std::string>& args, std::chrono::seconds limit) {
  static const StateDirectory state;
  std::vector<std::string> words = {source_directory() + "/tests/guest/guest"};
  words.insert(words.end(), args.begin(), args.end());
  return run_command(
      words, {.netns_path = {}, .environment = {{"XVNET_GUESTS", state.path()}}, .limit = limit});
}

std::string tap_argument(const Nic& nic) {
  std::string argument = nic.tap;
  if (nic.queues > 1) argument += fmt::format(",queues={}", nic.queues);
  if (!nic.vnet_hdr) argument += ",vnet_hdr=off";
  return argument;
}

}  // namespace

Guest::Guest(const NetNs& ns, std::string name, const std::vector<Nic>& nics)
    : name_(std::move(name)) {
  std::vector<std::string> args = {"start",   name_,     "--netns",
                                   ns.path(), "--owner", std::to_string(getpid())};
  for (const auto& nic : nics) {
    args.insert(args.end(), {"--tap", tap_argument(nic)});
    args.insert(args.end(), {"--addr", nic.addresses});
  }
  // The very first start downloads the guest's kernel.
  const CommandResult started = guest_script(args, kBootLimit);
  if (!started.ok()) throw SetupError(started.describe());
}

Guest::~Guest() {
  const CommandResult stopped = guest_script({"stop", name_}, kReplySlack);
  // The guest ends with this process even if stopping it failed.
  if (!stopped.ok()) fmt::print(stderr, "{}\n", stopped.describe());
}

void Guest::wait_ready() const {
  const CommandResult ready = guest_script({"wait", name_}, kBootLimit);
  if (!ready.ok()) throw SetupError(ready.describe());
}

CommandResult Guest::run(const std::string& script, std::chrono::seconds limit) const {
  return guest_script({"run", "--limit", std::to_string(limit.count()), name_, script},
                      limit + kReplySlack + kBootLimit);
}

std::string Guest::must(const std::string& script, std::chrono::seconds limit) const {
  CommandResult result = run(script, limit);
  if (!result.ok()) throw SetupError(result.describe());
  if (result.out.ends_with('\n')) result.out.pop_back();
  return std::move(result.out);
}

ServedFile start_services(const Guest& guest) {
  const std::string sum = guest.must(fmt::format(
      "mkdir -p /tmp/www && cd /tmp/www && "
      "dd if=/dev/urandom of=file bs=1M count={} 2>/dev/null && httpd -p 80 -h /tmp/www && "
      "(socat UDP6-RECVFROM:7,fork EXEC:cat >/dev/null 2>&1 &) && md5sum <file",
      kFileMegabytes));
  return {.port = 80, .md5 = sum};
}

}  // namespace xvnet::test
