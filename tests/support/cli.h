// SPDX-License-Identifier: BSD-2-Clause
//
// The program under test, run as an operator runs it.
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

// Exit codes of xvnet: xvnet(8), EXIT STATUS.
constexpr int kDone = 0;
constexpr int kFailed = 1;  // or refused
constexpr int kBadUsage = 2;
constexpr int kNotPermitted = 4;
constexpr int kKernelCannot = 5;

// The binary under test: the environment's XVNET_BIN, which ctest sets.
std::string xvnet_binary();

// Checks that stderr is what the user is promised: "xvnet: <doing> <object>: <cause>", holding each
// of `words`. Empty when it is; else what is missing.
std::string error_problems(const CommandResult& result, const Words& words);

// One host: a network namespace and an xvnet instance of its own, taken down at the end.
class Host {
 public:
  explicit Host(Ipv6 ipv6 = Ipv6::kQuiet);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const NetNs& ns() const { return ns_; }
  const std::string& instance() const { return instance_; }

  // `xvnet --instance … ARGS`, whatever comes of it.
  CommandResult xvnet(const Words& args) const;
  // The same started and not waited for: two commands at once, or one to be killed.
  RunningCommand start(const Words& args) const;
  // Behind a program that changes what the command may do: {"setpriv", "--bounding-set", …}.
  CommandResult xvnet_behind(const Words& wrapper, const Words& args) const;
  // Every command from here on, of whatever method, runs behind it.
  void run_behind(Words wrapper) { wrapper_ = std::move(wrapper); }
  // Anything but exit code 0 is a SetupError.
  CommandResult must(const Words& args) const;
  // What a shell makes of the line, on the host, with `xvnet` in its path.
  CommandResult shell(const std::string& line) const;

  void attach(const std::string& dev, const Words& args) const;
  void uplink_add(const std::string& dev, const Words& args = {}) const;
  void down() const;

  // `xvnet --json ARGS`, parsed.
  nlohmann::json json(const Words& args) const;
  // The object of that name in `show WHAT`; null when there is none.
  nlohmann::json shown(const std::string& what, const std::string& name) const;
  nlohmann::json port(const std::string& name) const { return shown("ports", name); }
  nlohmann::json uplink(const std::string& name) const { return shown("uplinks", name); }
  nlohmann::json network(const std::string& name) const { return shown("networks", name); }
  // `stats DEV`: the one object.
  nlohmann::json stats(const std::string& dev) const;
  // One drop counter, 0 when the reason is not listed. Direction: "from_vm", "to_uplink" …
  uint64_t drops(const std::string& dev, const std::string& direction,
                 const std::string& reason) const;
  uint64_t all_drops(const std::string& dev, const std::string& direction) const;
  uint64_t packets(const std::string& dev, const std::string& direction) const;
  // What `show fdb` says of a MAC in a network: the device, or empty.
  std::string learnt_at(const std::string& network, const std::string& mac) const;

  // Everything that shows the state, as text to compare before and after: for "nothing changed".
  std::string state() const;

 private:
  Words command(const Words& args) const;

  NetNs ns_;
  std::string instance_;
  Words wrapper_;
};

}  // namespace xvnet::test
