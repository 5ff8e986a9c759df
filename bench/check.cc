// SPDX-License-Identifier: BSD-2-Clause
#include "check.h"

#include <fmt/format.h>
#include <netinet/ip.h>
#include <unistd.h>

#include "checksum.h"
#include "process.h"

namespace xvnet::bench {

namespace {

std::string ip_text(const test::Bytes& frame, size_t at) {
  return fmt::format("{}.{}.{}.{}", frame.at(at), frame.at(at + 1), frame.at(at + 2),
                     frame.at(at + 3));
}

}  // namespace

void send(Place& in, const test::Frame& frame) {
  const test::Bytes bytes = in.encoded(frame);
  if (write(in.fd(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    test::throw_errno(fmt::format("sending {} bytes", frame.bytes.size()));
}

test::Received expect_at(Place& out, const test::Frame& frame) {
  std::optional<test::Received> got;
  const auto has_come = [&] {
    while ((got = out.receive()))
      if (test::contains(got->bytes, frame.marker)) return true;
    return false;
  };
  if (!test::eventually(has_come)) throw test::SetupError("checking a frame: it did not arrive");
  return *got;
}

void check_carried(Place& in, const test::Frame& sent, Place& out, const test::Frame& expected) {
  send(in, sent);
  const test::Received got = expect_at(out, sent);
  if (got.finished() != expected.finished().bytes)
    throw test::SetupError(
        fmt::format("checking a frame: {} bytes arrived, and not those expected ({} bytes)",
                    got.bytes.size(), expected.bytes.size()));
  if (got.vnet.gso_size != expected.vnet.gso_size)
    throw test::SetupError(fmt::format("checking a frame: its segments are of {} bytes, not {}",
                                       got.vnet.gso_size, expected.vnet.gso_size));
}

FlowEnds flow_ends(const test::Bytes& frame) {
  const test::Layers layers = test::parse_layers(frame);
  const size_t src_ip = layers.l3 + offsetof(iphdr, saddr);
  const size_t dst_ip = layers.l3 + offsetof(iphdr, daddr);
  return {.src_mac = test::mac_text(frame, 6),
          .dst_mac = test::mac_text(frame, 0),
          .src_ip = ip_text(frame, src_ip),
          .dst_ip = ip_text(frame, dst_ip),
          .src_port = test::get_be16(frame, layers.l4),
          .dst_port = test::get_be16(frame, layers.l4 + 2)};
}

}  // namespace xvnet::bench
