// SPDX-License-Identifier: BSD-2-Clause
//
// Services that run in a host's namespace instead of a guest.
#pragma once

#include <string>

#include "guest.h"
#include "netns.h"

namespace xvnet::test {

// Runs shell text with busybox's applets, which the guests use too.
CommandResult shell_on(const NetNs& ns, const std::string& script);

// A web server with a file of random bytes.
class HostServer {
 public:
  explicit HostServer(const NetNs& ns);
  ~HostServer();
  HostServer(const HostServer&) = delete;
  HostServer& operator=(const HostServer&) = delete;

  ServedFile file() const;

 private:
  std::string prepare() const;

  std::string directory_;
  std::string prepared_;  // the checksum; the file is made before httpd starts
  RunningCommand httpd_;
};

}  // namespace xvnet::test
