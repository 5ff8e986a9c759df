// SPDX-License-Identifier: BSD-2-Clause
//
// A machine without a kernel of its own: what runs in it has its own network, mounts, host name and
// processes. /etc, /run and /var/lib are its alone, so a daemon of a distribution with its default
// paths finds and changes nothing of the machine that the test is on. No udev and no systemd run.
#pragma once

#include <string>

#include "cli.h"

namespace xvnet::test {

class Container {
 public:
  // `etc`: what it has of the machine's /etc, beside its users. Called "localhost", as a machine is
  // that has not been told its name.
  explicit Container(const Words& etc);

  const NetNs& ns() const { return ns_; }
  // Shell text. A daemon that it leaves behind ends with the container.
  CommandResult run(const std::string& script) const;
  // The output; anything but exit code 0 is a SetupError.
  std::string must(const std::string& script) const;
  void write(const std::string& path, const std::string& text) const;

 private:
  NetNs ns_;
  RunningCommand first_process_;
};

}  // namespace xvnet::test
