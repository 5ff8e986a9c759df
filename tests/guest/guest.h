// SPDX-License-Identifier: BSD-2-Clause
//
// A real guest: qemu with an unmodified Linux on TAPs of a host. The script tests/guest/guest
// controls it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "netns.h"
#include "process.h"

namespace xvnet::test {

struct Nic {
  std::string tap;        // the TAP must exist when the guest starts
  std::string addresses;  // CIDRs separated by commas; may be empty
  int queues = 1;
  bool vnet_hdr = true;  // qemu's default; without it, the guest has no offloads
};

class Guest {
 public:
  // Starts the boot and returns. wait_ready() or the first run() waits for it. The guest ends with
  // this object, or with the test process, however that ends.
  Guest(const NetNs& ns, std::string name, const std::vector<Nic>& nics);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  const std::string& name() const { return name_; }
  void wait_ready() const;

  // Runs shell text in the guest. The exit code is 124 after `limit`. `out` includes stderr.
  CommandResult run(const std::string& script,
                    std::chrono::seconds limit = std::chrono::seconds(60)) const;
  // Returns the output without its last newline. Throws a SetupError for any exit code but 0.
  std::string must(const std::string& script,
                   std::chrono::seconds limit = std::chrono::seconds(60)) const;

 private:
  std::string name_;
};

// A file of random bytes that a guest serves as http://…:PORT/file, and its checksum.
struct ServedFile {
  int port = 80;
  std::string md5;  // as md5sum prints it for standard input
};

// Starts two services in the guest: a web server on port 80 with a file of random bytes, and UDP
// echo on port 7.
ServedFile start_services(const Guest& guest);

}  // namespace xvnet::test
