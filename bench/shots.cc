// SPDX-License-Identifier: BSD-2-Clause
#include "shots.h"

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

namespace xvnet::bench {

test::Ends vm_to_vm(size_t from, size_t to) {
  return {
      .src_mac = vm_mac(from), .dst_mac = vm_mac(to), .src_ip = vm_ip(from), .dst_ip = vm_ip(to)};
}

test::Frame udp_of(const test::Ends& ends, size_t size) {
  return test::udp4(ends, size - sizeof(ether_header) - sizeof(iphdr) - sizeof(udphdr));
}

Shot shot(const Place& in, const test::Frame& frame) {
  return {.fd = in.fd(), .bytes = std::make_shared<const test::Bytes>(in.encoded(frame))};
}

Traffic repeated(const Place& in, const test::Frame& frame, size_t times, Place& out) {
  return {.shots = std::vector<Shot>(times, shot(in, frame)),
          .renew = {},
          .outs = {&out},
          .arriving = times};
}

}  // namespace xvnet::bench
