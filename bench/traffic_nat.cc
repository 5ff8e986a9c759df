// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <random>

#include "check.h"
#include "checksum.h"
#include "shots.h"
#include "traffic.h"

namespace xvnet::bench {

namespace {

constexpr uint16_t kFirstPort = 1024;
constexpr uint16_t kRemotePort = 4500;
constexpr uint16_t kDomainPort = 53;
constexpr uint16_t kFirstQuery = 40000;  // above the ports of connections
constexpr size_t kQueries = 8;           // in one burst
constexpr size_t kShotSize = 60;

test::Ends vm_and_remote(size_t vm, const std::string& ip, uint16_t port,
                         uint16_t remote_port = kRemotePort) {
  return {.src_mac = vm_mac(vm),
          .dst_mac = kGatewayMac,
          .src_ip = ip,
          .dst_ip = kRemoteIp,
          .src_port = port,
          .dst_port = remote_port};
}

void require(bool holds, const std::string& what) {
  if (!holds) throw test::SetupError("checking a routed frame: " + what);
}

uint8_t ttl_of(const test::Bytes& frame) {
  return frame.at(sizeof(ether_header) + offsetof(iphdr, ttl));
}

// Checks what both directions share: one hop, correct checksums, unchanged payload size.
void check_hop(const test::Bytes& got, const test::Frame& sent) {
  require(got.size() == sent.bytes.size(), "its length changed");
  require(ttl_of(got) + 1 == ttl_of(sent.bytes), "its time to live is not one less");
  const std::string problems = test::checksum_problems(got);
  require(problems.empty(), problems);
}

enum class Source { kPublic, kOwn };

// Sends the frame, and returns its addresses as the router sees them, so that a reply can be made.
FlowEnds check_out(Stack& stack, const test::Frame& frame, Source source) {
  send(stack.vm(0), frame);
  const test::Received got = expect_at(stack.wire(), frame);
  check_hop(got.bytes, frame);
  const FlowEnds inside = flow_ends(frame.bytes);
  const FlowEnds outside = flow_ends(got.bytes);
  require(outside.src_mac == kUplinkMac && outside.dst_mac == kRouterMac, "its MAC addresses");
  const bool is_public = outside.src_ip == kPoolIp || outside.src_ip == kHostIp;
  const bool is_own = outside.src_ip == inside.src_ip && outside.src_port == inside.src_port;
  require(source == Source::kPublic ? is_public : is_own, "its source is " + outside.src_ip);
  require(outside.dst_ip == inside.dst_ip && outside.dst_port == inside.dst_port, "its target");
  return outside;
}

test::Frame answer_to(const FlowEnds& outside, size_t size) {
  return udp_of({.src_mac = kRouterMac,
                 .dst_mac = kUplinkMac,
                 .src_ip = outside.dst_ip,
                 .dst_ip = outside.src_ip,
                 .src_port = outside.dst_port,
                 .dst_port = outside.src_port},
                size);
}

void check_in(Stack& stack, const test::Frame& answer, const FlowEnds& inside) {
  send(stack.wire(), answer);
  const test::Received got = expect_at(stack.vm(0), answer);
  check_hop(got.bytes, answer);
  const FlowEnds seen = flow_ends(got.bytes);
  require(seen.src_mac == kGatewayMac && seen.dst_mac == inside.src_mac, "its MAC addresses");
  require(seen.dst_ip == inside.src_ip && seen.dst_port == inside.src_port, "its target");
}

struct Connection {
  test::Frame out;
  test::Frame in;
};

Connection establish(Stack& stack, size_t size, Source source = Source::kPublic) {
  const test::Frame out = udp_of(vm_and_remote(0, vm_ip(0), kFirstPort), size);
  const FlowEnds outside = check_out(stack, out, source);
  const test::Frame in = answer_to(outside, size);
  check_in(stack, in, flow_ends(out.bytes));
  const FlowEnds again = check_out(stack, out, source);
  require(again.src_port == outside.src_port, "its public port changed");
  stack.expect_short_way();
  return {out, in};
}

// Distributes connections over all VMs, each with its own ports.
test::Frame of_connection(const Stack& stack, size_t number) {
  const size_t vm = number % stack.vms();
  const size_t port = kFirstPort + number / stack.vms();
  return udp_of(vm_and_remote(vm, vm_ip(0), static_cast<uint16_t>(port)), kShotSize);
}

// The frame has no checksum (RFC 768), so that other ports can be written into it.
test::Bytes blank_frame(size_t vm) {
  test::Bytes bytes = udp_of(vm_and_remote(vm, vm_ip(0), kFirstPort), kShotSize).bytes;
  test::put_be16(bytes, test::parse_layers(bytes).l4 + offsetof(udphdr, uh_sum), 0);
  return bytes;
}

void open_connections(Stack& stack, size_t count) {
  stack.wire().drain();  // discards xvnet's announcements of the public addresses
  const size_t of_each = (count + stack.vms() - 1) / stack.vms();
  uint64_t arrived = 0;
  for (size_t vm = 0; vm < stack.vms(); vm++) {
    test::Bytes bytes = blank_frame(vm);
    const size_t port_at = test::parse_layers(bytes).l4;
    for (size_t i = 0; i < of_each; i++) {
      test::put_be16(bytes, port_at, static_cast<uint16_t>(kFirstPort + i));
      const test::Bytes encoded = stack.vm(vm).encoded({bytes, {}, {}});
      if (write(stack.vm(vm).fd(), encoded.data(), encoded.size()) < 0)
        test::throw_errno("opening a connection");
      if (i % kBurst == 0) arrived += stack.wire().drain();
    }
    arrived += stack.wire().drain();
  }
  if (arrived != of_each * stack.vms())
    throw test::SetupError(
        fmt::format("opening {} connections: {} frames arrived", of_each * stack.vms(), arrived));
}

}  // namespace

Traffic translated_out(Stack& stack, size_t size) {
  return repeated(stack.vm(0), establish(stack, size).out, kBurst, stack.wire());
}

Traffic translated_in(Stack& stack, size_t size) {
  return repeated(stack.wire(), establish(stack, size).in, kBurst, stack.vm(0));
}

Traffic routed_out(Stack& stack, size_t size) {
  return repeated(stack.vm(0), establish(stack, size, Source::kOwn).out, kBurst, stack.wire());
}

Traffic routed_in(Stack& stack, size_t size) {
  return repeated(stack.wire(), establish(stack, size, Source::kOwn).in, kBurst, stack.vm(0));
}

Traffic new_connections(Stack& stack, size_t size) {
  establish(stack, size);
  Traffic traffic{.shots = {}, .renew = {}, .outs = {&stack.wire()}, .arriving = kBurst};
  traffic.renew = [&stack, size, port = size_t{kFirstPort}](std::vector<Shot>& next) mutable {
    next.clear();
    for (size_t i = 0; i < kBurst; i++)
      next.push_back(shot(stack.vm(0),
                          udp_of(vm_and_remote(0, vm_ip(0), static_cast<uint16_t>(++port)), size)));
  };
  return traffic;
}

// The response to a query frees its port, so every round starts with the same number of free ports.
Traffic queries_beside(Stack& stack, size_t connections) {
  open_connections(stack, connections);
  Traffic traffic{.shots = {}, .renew = {}, .outs = {}, .arriving = 0};
  traffic.renew = [&stack, port = kFirstQuery](std::vector<Shot>& next) mutable {
    for (size_t i = 0; i < next.size(); i++) {
      std::optional<test::Received> query;
      if (!test::eventually([&] { return (query = stack.wire().receive()).has_value(); }))
        throw test::SetupError(fmt::format("{} of {} queries got out", i, next.size()));
      send(stack.wire(), answer_to(flow_ends(query->bytes), kShotSize));
    }
    stack.vm(0).drain();
    next.clear();
    for (size_t i = 0; i < kQueries; i++)
      next.push_back(
          shot(stack.vm(0), udp_of(vm_and_remote(0, vm_ip(0), ++port, kDomainPort), kShotSize)));
  };
  return traffic;
}

Traffic many_connections(Stack& stack, size_t connections) {
  open_connections(stack, connections);
  Traffic traffic{.shots = {}, .renew = {}, .outs = {&stack.wire()}, .arriving = kBurst};
  traffic.renew = [&stack, connections, random = std::mt19937(1)](std::vector<Shot>& next) mutable {
    std::uniform_int_distribution<size_t> any(0, connections - 1);
    next.clear();
    for (size_t i = 0; i < kBurst; i++) {
      const size_t number = any(random);
      next.push_back(shot(stack.vm(number % stack.vms()), of_connection(stack, number)));
    }
  };
  return traffic;
}

Traffic among_macs(Stack& stack, size_t macs) {
  const auto mac = [](size_t vm, size_t number) {
    return fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}", number >> 8, number & 255, vm >> 8,
                       vm & 255);
  };
  const auto ends = [mac](size_t from, size_t from_mac, size_t to, size_t to_mac) {
    return test::Ends{.src_mac = mac(from, from_mac), .dst_mac = mac(to, to_mac)};
  };
  send(stack.vm(0), udp_of(ends(0, 0, 1, 0), kShotSize));
  for (size_t vm = 0; vm < stack.vms(); vm++) {
    for (size_t number = 0; number < macs; number++) {
      send(stack.vm(vm), udp_of(ends(vm, number, vm == 0 ? 1 : 0, 0), kShotSize));
      if (number % kBurst == 0) stack.vm(vm == 0 ? 1 : 0).drain();
    }
  }
  Traffic traffic{.shots = {}, .renew = {}, .outs = {}, .arriving = kBurst};
  for (size_t vm = 0; vm < stack.vms(); vm++) traffic.outs.push_back(&stack.vm(vm));
  traffic.renew = [&stack, macs, ends, random = std::mt19937(1)](std::vector<Shot>& next) mutable {
    const size_t vms = stack.vms();
    next.clear();
    for (size_t i = 0; i < kBurst; i++) {
      const size_t from = random() % vms;
      const size_t to = (from + 1 + random() % (vms - 1)) % vms;
      next.push_back(shot(stack.vm(from),
                          udp_of(ends(from, random() % macs, to, random() % macs), kShotSize)));
    }
  };
  return traffic;
}

}  // namespace xvnet::bench
