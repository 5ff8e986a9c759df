// SPDX-License-Identifier: BSD-2-Clause
//
// A network namespace of the test's own: everything a test sends stays in one of these.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "process.h"

namespace xvnet::test {

// Quiet: no IPv6 on any device, so that the kernel itself sends nothing. A test that asks whether
// something *is* silent uses kNormal.
enum class Ipv6 { kQuiet, kNormal };

class NetNs {
 public:
  // Creates /run/netns/xvt-<pid>-<n>, with lo up and bridges not passing frames to netfilter.
  explicit NetNs(Ipv6 ipv6 = Ipv6::kQuiet);
  // The namespace the caller is in already, as it is; all that goes with the object is the name.
  // For a test that has a whole machine to itself.
  struct Callers {};
  explicit NetNs(Callers);
  // One that is there already, by its file, and stays.
  explicit NetNs(const std::string& path);
  ~NetNs();
  NetNs(const NetNs&) = delete;
  NetNs& operator=(const NetNs&) = delete;

  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }

  // Runs `function` on the calling thread, inside the namespace. Sockets and TAPs opened there
  // stay.
  template <typename Function>
  std::invoke_result_t<Function> in(Function&& function) const {
    const Visit visit(*this);
    return std::forward<Function>(function)();
  }

  // Runs a command inside. The mounts stay the caller's, unlike with `ip netns exec`, which hides
  // /sys/fs/bpf behind a fresh /sys.
  CommandResult run(const std::vector<std::string>& argv) const;
  // The same, but anything but exit code 0 is a SetupError.
  CommandResult must(const std::vector<std::string>& argv) const;

  // Writes a sysctl of the namespace, "net.ipv4.ip_forward" style. False when it does not exist.
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

// The part "<pid>-<n>" of names that must be unique on the host; each call counts up.
std::string unique_suffix();

// Deletes the namespaces (and pinned instances) that test processes no longer alive left behind.
void purge_stale_namespaces();

}  // namespace xvnet::test
