// SPDX-License-Identifier: BSD-2-Clause
//
// The benchmark's own programs (bpf/floors.bpf.c), each at a device for as long as this lives;
// before Linux 6.6 those at tc for as long as the device does.
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
  kPushTag,       // of what leaves
  kPopTag,        // of what comes; the rest is dropped
  kCountAndDrop,  // what comes
};

class Attachment {
 public:
  struct Settings {
    int target_ifindex = 0;  // of the redirecting ones
    uint16_t vid = 0;        // of the tagging ones
  };

  Attachment(const test::NetNs& ns, const std::string& dev, Program program,
             const Settings& settings);
  Attachment(const test::NetNs& ns, const std::string& dev, Program program);
  ~Attachment();
  Attachment(Attachment&&) noexcept;
  Attachment& operator=(Attachment&&) = delete;

  // What kCountAndDrop has counted.
  uint64_t arrived() const;

 private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace xvnet::bench
