// SPDX-License-Identifier: BSD-2-Clause
//
// Networks with SNAT: tenants with the same addresses, a namespace's real network stack behind each
// port, and an "internet" behind the uplink.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lab.h"
#include "transfer.h"
#include "udp_socket.h"

namespace xvnet::test {

constexpr const char* kHostIp = "198.51.100.1";
constexpr const char* kInternetIp = "198.51.100.254";
constexpr const char* kFarIp = "192.0.2.1";
constexpr const char* kPoolIp = "203.0.113.5";
constexpr const char* kFloatingIp = "203.0.113.7";
constexpr uint16_t kService = 7;
constexpr uint16_t kForwardedPort = 2222;
constexpr uint16_t kServicePort = 22;

// A namespace behind the host's port `name`, with the address of its network's first port.
struct Guest {
  Guest(const NetNs& host, const std::string& name) {
    add_veth(host, name, ns, "eth0");
    prepare_far_end(ns, "eth0");
  }
  void configure(const std::string& ip = "10.0.0.2") const {
    add_address(ns, "eth0", ip + "/24");
    set_up(ns, "eth0");
    await_ready(ns, "eth0");
    ns.must({"ip", "route", "add", "default", "via", "10.0.0.1"});
  }

  NetNs ns;
};

class NatLab : public InMode {
 protected:
  NatLab() {
    add_veth(lab.ns(), "eth0", internet, "eth0");
    prepare_far_end(internet, "eth0");
    add_address(lab.ns(), "eth0", std::string(kHostIp) + "/24");
    for (const char* ip : {"198.51.100.254/24", "203.0.113.254/24"})
      add_address(internet, "eth0", ip);
    add_address(internet, "lo", std::string(kFarIp) + "/32");
    set_up(lab.ns(), "eth0");
    set_up(internet, "eth0");
    await_ready(lab.ns(), "eth0");
    lab.ns().must({"ip", "route", "add", "default", "via", kInternetIp});
    lab.host.uplink_add("eth0", with_mode({}));
  }

  void add_network(const std::string& name, const Words& more = {"--snat", "auto"}) {
    Words words = {"network", "add", name, "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1"};
    words.insert(words.end(), more.begin(), more.end());
    lab.host.must(words);
  }
  std::unique_ptr<Guest> add_guest(const std::string& port, const std::string& network,
                                   const std::string& ip = "10.0.0.2") {
    auto guest = std::make_unique<Guest>(lab.ns(), port);
    lab.host.attach(port, with_mode({"--network", network, "--ip", ip}));
    guest->configure(ip);
    return guest;
  }
  // Sends a request to a service and returns it as the service saw it. Also checks that the answer
  // gets back.
  std::optional<Datagram> exchange(const Guest& guest, const std::string& to = kInternetIp) {
    const UdpSocket service(internet, to, kService);
    const UdpSocket client(guest.ns, "0.0.0.0", 0);
    client.send(to, kService, "question");
    auto question = service.receive();
    if (!question) return std::nullopt;
    service.send(question->ip, question->port, "answer");
    const auto answer = client.receive();
    if (!answer || answer->text != "answer" || answer->ip != to) return std::nullopt;
    return question;
  }
  void forward(const Words& words) {
    Words all = {"forward", "add"};
    all.insert(all.end(), words.begin(), words.end());
    lab.host.must(all);
  }
  // Sends a request to a forward and checks the answer. The first request is lost when the VM has
  // not sent yet, because its MAC must be resolved first.
  static std::optional<Datagram> ask(const NetNs& from, const std::string& ip, uint16_t port,
                                     const Guest& guest, uint16_t inside_port) {
    const UdpSocket service(guest.ns, "0.0.0.0", inside_port);
    const UdpSocket client(from, "0.0.0.0", 0);
    std::optional<Datagram> question;
    eventually([&] {
      client.send(ip, port, "question");
      question = service.receive_now();
      return question.has_value();
    });
    if (!question) return std::nullopt;
    service.send(question->ip, question->port, "answer");
    const auto answer = client.receive();
    if (!answer || answer->text != "answer" || answer->ip != ip || answer->port != port)
      return std::nullopt;
    return question;
  }
  static CommandResult ping(const Guest& guest, const Words& more) {
    Words words = {"ping", "-n", "-c", "1", "-W", "10"};
    words.insert(words.end(), more.begin(), more.end());
    return guest.ns.run(words);
  }
  // Transfers many segments and checks that each arrives unmodified.
  static void expect_intact(Transfer& transfer) {
    constexpr uint64_t kBytes = 8 << 20;
    EXPECT_TRUE(
        eventually([&] { return transfer.received().bytes >= kBytes; }, std::chrono::minutes(2)));
    transfer.finish();
    EXPECT_EQ(transfer.received().bytes, transfer.sent().bytes);
    EXPECT_EQ(transfer.received().checksum, transfer.sent().checksum);
  }
  std::string reserved_ports() const {
    return lab.ns().must({"sysctl", "-n", "net.ipv4.ip_local_reserved_ports"}).out;
  }

  NetNs internet;
};

}  // namespace xvnet::test
