// SPDX-License-Identifier: BSD-2-Clause
//
// A TAP, held as a hypervisor holds it: the test is the virtual machine behind it.
#pragma once

#include <optional>
#include <string>

#include "frame.h"
#include "netns.h"
#include "received.h"

namespace xvnet::test {

struct TapOptions {
  int vnet_header = 10;         // bytes: 0 (none), 10 (virtio_net_hdr) or 12 (with num_buffers)
  unsigned offloads = 0;        // TUN_F_*: what the virtual machine takes unfinished
  bool multi_queue = false;     // must be as the device was created
  bool create_missing = false;  // else opening a name that does not exist is an error
};

// What a Linux guest negotiates by default.
constexpr unsigned kGuestOffloads = 0x01 | 0x02 | 0x04;  // TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6

class Tap {
 public:
  // Opens one queue, non-blocking as qemu does: a blocking write takes another path in the kernel.
  Tap(const NetNs& ns, const std::string& name, const TapOptions& options = {});

  // Sends as the virtual machine. Throws when the TAP has no vnet header and the frame needs one.
  void send(const Frame& frame);
  // The same, giving the errno instead of throwing; 0 when sent. EIO: the device is down.
  int try_send(const Frame& frame);
  // The next frame to the virtual machine; none when there is none at the moment.
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
