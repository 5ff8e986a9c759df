// SPDX-License-Identifier: BSD-2-Clause
//
// A real guest: qemu with an unmodified Linux on TAPs of a host, driven through tests/guest/guest.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "netns.h"
#include "process.h"

namespace xvnet::test {

struct Nic {
  std::string tap;        // must exist when the guest starts
  std::string addresses;  // CIDRs, comma-separated; may be empty
  int queues = 1;
  bool vnet_hdr = true;  // qemu's default; without it the guest has no offloads
};

class Guest {
 public:
  // Starts booting and returns; wait_ready() or the first run() waits. Ends with this object, or
  // with the test's process, however that ends.
  Guest(const NetNs& ns, std::string name, const std::vector<Nic>& nics);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  const std::string& name() const { return name_; }
  void wait_ready() const;

  // Runs shell text in the guest; 124 when it takes longer than `limit`. stderr is part of `out`.
  CommandResult run(const std::string& script,
                    std::chrono::seconds limit = std::chrono::seconds(60)) const;
  // The output without its last newline; anything but exit code 0 is a SetupError.
  std::string must(const std::string& script,
                   std::chrono::seconds limit = std::chrono::seconds(60)) const;

 private:
  std::string name_;
};

// The file of random bytes that is served as http://…:PORT/file, and what it adds up to.
struct ServedFile {
  int port = 80;
  std::string md5;  // as md5sum prints it for standard input
};

// Makes the guest serve a file of random bytes by HTTP on port 80, and echo UDP datagrams on
// port 7.
ServedFile start_services(const Guest& guest);

}  // namespace xvnet::test
