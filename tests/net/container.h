// SPDX-License-Identifier: BSD-2-Clause
//
// A container that shares the machine's kernel. Its processes have their own network, mounts, host
// name and process ids. It also has its own /etc, /run and /var/lib. So a distribution's daemon
// with default paths neither sees nor changes the machine's files. No udev and no systemd run in
// it.
#pragma once

#include <string>

#include "cli.h"

namespace xvnet::test {

class Container {
 public:
  // `etc` names the files of the machine's /etc to copy, besides its users. The host name is
  // "localhost", as on a machine without a configured name.
  explicit Container(const Words& etc);

  const NetNs& ns() const { return ns_; }
  // Runs shell text. A daemon that the script starts ends with the container.
  CommandResult run(const std::string& script) const;
  // Returns the output. Throws a SetupError for any exit code but 0.
  std::string must(const std::string& script) const;
  void write(const std::string& path, const std::string& text) const;

 private:
  NetNs ns_;
  RunningCommand first_process_;
};

}  // namespace xvnet::test
