// SPDX-License-Identifier: BSD-2-Clause
#include "traffic.h"

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include "check.h"
#include "shots.h"

namespace xvnet::bench {

namespace {

constexpr size_t kTcpHeaders = sizeof(ether_header) + sizeof(iphdr) + sizeof(tcphdr);
constexpr uint16_t kSegment = 1448;

// Both ends send, so that all learning bridges know both MACs.
void introduce(Place& in, Place& out, const test::Ends& ends) {
  const test::Ends back = {.src_mac = ends.dst_mac,
                           .dst_mac = ends.src_mac,
                           .src_ip = ends.dst_ip,
                           .dst_ip = ends.src_ip};
  for (int twice = 0; twice < 2; twice++) {
    send(out, test::udp4(back));
    send(in, test::udp4(ends));
  }
}

test::Frame tcp_of(const test::Ends& ends, size_t size) {
  return test::tcp4(ends, size - kTcpHeaders);
}

test::Frame offloaded_frame(const test::Ends& ends, Offload offload, size_t size) {
  if (offload == Offload::kTso) return test::tso4(ends, size - kTcpHeaders, kSegment);
  const test::Frame whole = tcp_of(ends, size);
  return offload == Offload::kPartial ? test::leave_partial(whole) : whole;
}

// The reverse direction, from a machine behind the router.
test::Ends from_router(const test::Ends& ends) {
  return {.src_mac = ends.dst_mac,
          .dst_mac = ends.src_mac,
          .src_ip = ends.dst_ip,
          .dst_ip = ends.src_ip,
          .src_port = ends.dst_port,
          .dst_port = ends.src_port};
}

test::Ends vm_and_router() {
  return {.src_mac = vm_mac(0), .dst_mac = kRouterMac, .src_ip = vm_ip(0), .dst_ip = vm_ip(100)};
}

}  // namespace

Traffic between_vms(Stack& stack, size_t size, size_t sender, size_t receiver) {
  Place& in = stack.vm(sender);
  Place& out = stack.vm(receiver);
  const test::Ends ends = vm_to_vm(sender, receiver);
  introduce(in, out, ends);
  const test::Frame frame = udp_of(ends, size);
  check_carried(in, frame, out, frame);
  return repeated(in, frame, kBurst, out);
}

Traffic between_vms_offloaded(Stack& stack, Offload offload, size_t size) {
  const test::Ends ends = vm_to_vm(0, 1);
  introduce(stack.vm(0), stack.vm(1), ends);
  const test::Frame frame = offloaded_frame(ends, offload, size);
  check_carried(stack.vm(0), frame, stack.vm(1), frame);
  return repeated(stack.vm(0), frame, offload == Offload::kTso ? kBigBurst : kBurst, stack.vm(1));
}

Traffic into_nothing(Stack& stack, size_t size) {
  Traffic traffic = repeated(stack.vm(0), udp_of(vm_to_vm(0, 1), size), kBurst, stack.vm(1));
  traffic.arriving = 0;
  return traffic;
}

// Uses TCP: on a device that may be virtual, XDP cannot know that a UDP checksum is complete.
Traffic to_wire(Stack& stack, size_t size, Tagged tagged) {
  const test::Ends ends = vm_and_router();
  const test::Frame hello = tcp_of(from_router(ends), size);
  send(stack.wire(), tagged == Tagged::kYes ? hello.tagged(kVid) : hello);
  const test::Frame frame = tcp_of(ends, size);
  check_carried(stack.vm(0), frame, stack.wire(),
                tagged == Tagged::kYes ? frame.tagged(kVid) : frame);
  return repeated(stack.vm(0), frame, kBurst, stack.wire());
}

Traffic from_wire(Stack& stack, size_t size, Tagged tagged) {
  const test::Ends ends = vm_and_router();
  send(stack.vm(0), tcp_of(ends, size));
  const test::Frame whole = tcp_of(from_router(ends), size);
  const test::Frame frame = tagged == Tagged::kYes ? whole.tagged(kVid) : whole;
  check_carried(stack.wire(), frame, stack.vm(0), whole);
  return repeated(stack.wire(), frame, kBurst, stack.vm(0));
}

Traffic denied(Stack& stack, Denied what, size_t size) {
  const test::Ends good = vm_to_vm(0, 2);
  send(stack.vm(2), udp_of(vm_to_vm(2, 0), size));
  const test::Frame frame = udp_of(good, size);
  check_carried(stack.vm(0), frame, stack.vm(2), frame);
  test::Ends bad = vm_to_vm(kDeniedVm, 2);
  if (what == Denied::kGateway) bad.src_mac = kGatewayMac;
  const test::Frame wrong =
      what == Denied::kTag ? udp_of(bad, size).tagged(kVid) : udp_of(bad, size);
  Traffic traffic = repeated(stack.vm(kDeniedVm), wrong, kBurst, stack.vm(2));
  traffic.outs.push_back(&stack.vm(0));
  traffic.arriving = 0;
  return traffic;
}

}  // namespace xvnet::bench
