// SPDX-License-Identifier: BSD-2-Clause
//
// The benchmark's own programs (bpf/floors.bpf.c), attached to a device. The destructor detaches
// them; before Linux 6.6, tc programs stay attached as long as the device exists.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "netns.h"

namespace xvnet::bench {

enum class Program {
  kDropXdp,
  kRedirectXdp,
  kDropTc,
  kRedirectTc,
  kPushTag,       // to frames that leave
  kPopTag,        // from received frames; untagged ones are dropped
  kCountAndDrop,  // received frames
};

class Attachment {
 public:
  struct Settings {
    int target_ifindex = 0;  // for the redirecting programs
    uint16_t vid = 0;        // for the tagging programs
  };

  Attachment(const test::NetNs& ns, const std::string& dev, Program program,
             const Settings& settings);
  Attachment(const test::NetNs& ns, const std::string& dev, Program program);
  ~Attachment();
  Attachment(Attachment&&) noexcept;
  Attachment& operator=(Attachment&&) = delete;

  // The number of frames that kCountAndDrop has counted.
  uint64_t arrived() const;

 private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace xvnet::bench
