// SPDX-License-Identifier: BSD-2-Clause
//
// A network namespace of a test. All frames of the test stay in such namespaces.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "process.h"

namespace xvnet::test {

// kQuiet turns IPv6 off on every device, so that the kernel itself sends nothing. A test that
// checks for silence must use kNormal.
enum class Ipv6 { kQuiet, kNormal };

class NetNs {
 public:
  // Creates /run/netns/xvt-<pid>-<n> with lo up. Bridges in it do not pass frames to netfilter.
  explicit NetNs(Ipv6 ipv6 = Ipv6::kQuiet);
  // Uses the caller's namespace as it is. Destruction deletes only the name. This is for a test
  // that has a whole machine to itself.
  struct Callers {};
  explicit NetNs(Callers);
  // Uses an existing namespace, given by its file. Destruction keeps it.
  explicit NetNs(const std::string& path);
  ~NetNs();
  NetNs(const NetNs&) = delete;
  NetNs& operator=(const NetNs&) = delete;

  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }

  // Runs `function` on the calling thread inside the namespace. Sockets and TAPs that it opens stay
  // in the namespace.
  template <typename Function>
  std::invoke_result_t<Function> in(Function&& function) const {
    const Visit visit(*this);
    return std::forward<Function>(function)();
  }

  // Runs a command inside the namespace with the caller's mounts. `ip netns exec` would hide
  // /sys/fs/bpf behind a new /sys.
  CommandResult run(const std::vector<std::string>& argv) const;
  // Like run(), but throws a SetupError for any exit code but 0.
  CommandResult must(const std::vector<std::string>& argv) const;

  // Writes a sysctl of the namespace, named like "net.ipv4.ip_forward". False when it does not
  // exist.
  bool set_sysctl(const std::string& name, const std::string& value) const;

 private:
  class Visit {
   public:
    explicit Visit(const NetNs& target);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    UniqueFd home_;
  };

  std::string name_;
  std::string path_;
  bool is_own_;
};

// Returns "<pid>-<n>" for names that must be unique on the host. Each call increments <n>.
std::string unique_suffix();

// Deletes the namespaces and pinned instances of test processes that no longer exist.
void purge_stale_namespaces();

}  // namespace xvnet::test
