// SPDX-License-Identifier: BSD-2-Clause
//
// A TAP that the test holds open as a hypervisor does. The test acts as the virtual machine.
#pragma once

#include <optional>
#include <string>

#include "frame.h"
#include "netns.h"
#include "received.h"

namespace xvnet::test {

struct TapOptions {
  int vnet_header = 10;         // bytes: 0 (none), 10 (virtio_net_hdr) or 12 (with num_buffers)
  unsigned offloads = 0;        // TUN_F_*: the offloads that the VM accepts
  bool multi_queue = false;     // must match the existing device
  bool create_missing = false;  // otherwise a missing device is an error
};

// The offloads that a Linux guest negotiates by default.
constexpr unsigned kGuestOffloads = 0x01 | 0x02 | 0x04;  // TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6

class Tap {
 public:
  // Opens one non-blocking queue, as qemu does. A blocking write would take another path in the
  // kernel.
  Tap(const NetNs& ns, const std::string& name, const TapOptions& options = {});

  // Sends as the VM. Throws when the frame needs a vnet header and the TAP has none.
  void send(const Frame& frame);
  // Like send(), but returns the errno. 0 means sent, and EIO means that the device is down.
  int try_send(const Frame& frame);
  // The next frame for the VM, or empty when there is none yet.
  std::optional<Received> receive();

  const std::string& name() const { return name_; }
  const NetNs& ns() const { return *ns_; }
  int fd() const { return fd_.get(); }
  void set_offloads(unsigned offloads);

 private:
  const NetNs* ns_;
  std::string name_;
  int vnet_header_;
  UniqueFd fd_;
};

}  // namespace xvnet::test
