// SPDX-License-Identifier: BSD-2-Clause
//
// The instance that the tests of doctor damage.
#pragma once

#include <optional>
#include <string>

#include "lab.h"
#include "nat_lab.h"

namespace xvnet::test {

// A host with a translated network "green" and a network "lab" that includes the host. A VM is in
// "green", and a TAP is in "lab".
class Site {
 public:
  Site() {
    add_veth(ns(), "eth0", internet, "eth0");
    prepare_far_end(internet, "eth0");
    add_address(ns(), "eth0", "198.51.100.1/24");
    for (const char* ip : {"198.51.100.254/24", "203.0.113.254/24"})
      add_address(internet, "eth0", ip);
    set_up(ns(), "eth0");
    set_up(internet, "eth0");
    await_ready(ns(), "eth0");
    ns().must({"ip", "route", "add", "default", "via", kInternetIp});
    host.uplink_add("eth0");
    host.must({"network", "add", "green", "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1",
               "--snat", "auto"});
    host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24"});
    host.attach("p1", {"--network", "green", "--ip", "10.0.0.2"});
    guest.configure();
    host.attach("tap0", {"--network", "lab", "--mtu", "1400"});
    vm.emplace(ns(), "tap0");
    host.must({"forward", "add", "green", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  }

  const NetNs& ns() const { return host.ns(); }

  // Sends a request from the VM's only socket, checks that the answer arrives, and records its
  // public address and port.
  bool is_answered(const UdpSocket& client, const UdpSocket& service) const {
    client.send(kInternetIp, kService, "question");
    const auto question = service.receive_now();
    if (!question) return false;
    service.send(question->ip, question->port, "answer");
    public_port = question->port;
    public_ip = question->ip;
    return client.receive().has_value();
  }

  Host host;
  NetNs internet;
  Guest guest{host.ns(), "p1"};
  std::optional<Tap> vm;
  mutable uint16_t public_port = 0;
  mutable std::string public_ip;
};

}  // namespace xvnet::test
