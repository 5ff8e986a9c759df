// SPDX-License-Identifier: BSD-2-Clause
//
// Runs the program under test as an operator runs it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "netns.h"
#include "process.h"

namespace xvnet::test {

using Words = std::vector<std::string>;

// Exit codes of xvnet (xvnet(8), EXIT STATUS).
constexpr int kDone = 0;
constexpr int kFailed = 1;  // or refused
constexpr int kBadUsage = 2;
constexpr int kNotPermitted = 4;
constexpr int kKernelCannot = 5;

// The binary under test, from the environment variable XVNET_BIN, which ctest sets.
std::string xvnet_binary();

// Checks that stderr has the form "xvnet: <doing> <object>: <cause>" and contains each of `words`.
// Returns an empty string, or what is missing.
std::string error_problems(const CommandResult& result, const Words& words);

// A host: its own network namespace and xvnet instance. The destructor takes both down.
class Host {
 public:
  explicit Host(Ipv6 ipv6 = Ipv6::kQuiet);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const NetNs& ns() const { return ns_; }
  const std::string& instance() const { return instance_; }

  // Runs `xvnet --instance … ARGS` and accepts any exit code.
  CommandResult xvnet(const Words& args) const;
  // Starts the command without waiting for it, for concurrent commands or to kill it.
  RunningCommand start(const Words& args) const;
  // Runs the command through a program that restricts its privileges: {"setpriv", "--bounding-set",
  // …}.
  CommandResult xvnet_behind(const Words& wrapper, const Words& args) const;
  // Runs all later commands of every method through this wrapper.
  void run_behind(Words wrapper) { wrapper_ = std::move(wrapper); }
  // Throws a SetupError for any exit code but 0.
  CommandResult must(const Words& args) const;
  // Runs a shell command line on the host, with `xvnet` in its PATH.
  CommandResult shell(const std::string& line) const;

  void attach(const std::string& dev, const Words& args) const;
  void uplink_add(const std::string& dev, const Words& args = {}) const;
  void down() const;

  // Parses the output of `xvnet --json ARGS`.
  nlohmann::json json(const Words& args) const;
  // The object of that name in `show WHAT`, or null.
  nlohmann::json shown(const std::string& what, const std::string& name) const;
  nlohmann::json port(const std::string& name) const { return shown("ports", name); }
  nlohmann::json uplink(const std::string& name) const { return shown("uplinks", name); }
  nlohmann::json network(const std::string& name) const { return shown("networks", name); }
  // The only object of `stats DEV`.
  nlohmann::json stats(const std::string& dev) const;
  // A drop counter, 0 when the reason is not listed. The direction is "from_vm", "to_uplink", …
  uint64_t drops(const std::string& dev, const std::string& direction,
                 const std::string& reason) const;
  uint64_t all_drops(const std::string& dev, const std::string& direction) const;
  uint64_t packets(const std::string& dev, const std::string& direction) const;
  // The device of a MAC in a network, from `show fdb`. Empty when the MAC is not listed.
  std::string learnt_at(const std::string& network, const std::string& mac) const;

  // The output of all commands that show state, as text. Tests compare it to prove that nothing
  // changed.
  std::string state() const;

 private:
  Words command(const Words& args) const;

  NetNs ns_;
  std::string instance_;
  Words wrapper_;
};

}  // namespace xvnet::test
