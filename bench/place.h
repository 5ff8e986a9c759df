// SPDX-License-Identifier: BSD-2-Clause
//
// Where frames enter and leave a stack: the VM behind a TAP, or the far end of a wire.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "attachment.h"
#include "frame.h"
#include "netns.h"
#include "packet_socket.h"
#include "received.h"
#include "tap.h"

namespace xvnet::bench {

class Place {
 public:
  virtual ~Place() = default;

  // To send a frame, write() the result of encoded() to fd().
  virtual int fd() const = 0;
  virtual test::Bytes encoded(const test::Frame& frame) const = 0;
  // Returns how many frames have arrived since the last call.
  virtual uint64_t drain() = 0;
  // Returns the next frame to examine. After a drain(), call listen() first.
  virtual std::optional<test::Received> receive() = 0;
  virtual void listen() {}
};

class TapPlace : public Place {
 public:
  TapPlace(const test::NetNs& ns, const std::string& name, const test::TapOptions& options)
      : vnet_header_(static_cast<size_t>(options.vnet_header)), tap_(ns, name, options) {}

  int fd() const override { return tap_.fd(); }
  test::Bytes encoded(const test::Frame& frame) const override;
  uint64_t drain() override;
  std::optional<test::Received> receive() override { return tap_.receive(); }

 private:
  size_t vnet_header_;
  test::Tap tap_;
};

// The other end of a veth in its own namespace, where a tc program counts received frames.
class VethPlace : public Place {
 public:
  VethPlace(const test::NetNs& ns, const std::string& dev);

  int fd() const override { return sender_.fd(); }
  test::Bytes encoded(const test::Frame& frame) const override { return frame.bytes; }
  uint64_t drain() override;
  std::optional<test::Received> receive() override;
  void listen() override;

 private:
  const test::NetNs* ns_;
  std::string dev_;
  test::PacketSocket sender_;
  std::optional<test::PacketSocket> ear_;  // open while frames are examined
  Attachment counter_;
  uint64_t counted_ = 0;
};

}  // namespace xvnet::bench
