// SPDX-License-Identifier: BSD-2-Clause
//
// Runs one command after the other on a FakeHost, each as a process of its own. At the end of
// every test, no invariant may have been broken at any step.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "fake_host.h"
#include "loader/instance.h"
#include "snapshot.h"

namespace xvnet::test {

using Command = std::function<Result<Outcome>(Instance&)>;

PortRequest port(const std::string& device);  // every option at its default
PortRequest on_vlan(const std::string& device, std::uint16_t vid);
PortRequest in_network(const std::string& device, const std::string& network);
PortRequest on_untagged(const std::string& device, const std::string& uplink = {});
UplinkRequest uplink(const std::string& device, Mode mode = Mode::kAuto);
UplinkRequest uplink_with(const std::string& device, const std::vector<std::uint16_t>& vids);
NetworkRequest network(const std::string& name);
NetworkRequest vlan_network(const std::string& name, std::uint16_t vid);
NetworkRequest with_subnet(NetworkRequest request, const std::string& subnet,
                           const std::string& gateway = {});
// A VLAN network with a gateway and the subnet that all tenants share.
NetworkRequest tenant(const std::string& name, std::uint16_t vid);
NetworkRequest of_router(NetworkRequest request, const std::string& router);
// A host-only network with the subnet 10.0.THIRD.0/24 and the gateway 10.0.THIRD.1.
NetworkRequest routed(const std::string& name, int third, const std::string& router);
NetworkRequest with_dhcp(NetworkRequest request);
// Each address is an IPv4 address or "auto".
NetworkRequest with_snat(NetworkRequest request, const std::vector<std::string>& addresses,
                         std::uint32_t ports = kMinSnatPorts);
// Traffic to these prefixes is not translated.
NetworkRequest with_exceptions(NetworkRequest request, const std::vector<std::string>& prefixes);
NetworkRequest without_snat(NetworkRequest request);
// The first port of a TCP forward. The forward maps `ports` consecutive outside ports to as many
// inside ports.
struct ForwardedPort {
  std::string address;
  std::uint16_t port;
};
ForwardRequest forward(const std::string& network, const ForwardedPort& outside,
                       const ForwardedPort& inside, std::uint16_t ports = 1);
ForwardRequest floating(const std::string& network, const std::string& outside,
                        const std::string& inside);
PortRequest with_ips(PortRequest request, const std::vector<std::string>& ips);
PortRequest with_allowed(PortRequest request, const std::vector<std::string>& ips);

Command attach(PortRequest request);
Command detach(std::string device, bool delete_device = false);
Command add_uplink(UplinkRequest request);
Command remove_uplink(std::string device);
Command add_network(NetworkRequest request);
Command set_network(NetworkRequest request);
Command remove_network(std::string name);
Command add_forward(ForwardRequest request);
Command remove_forward(ForwardRequest request);
// Fails when any object of the state failed.
Command restore(DesiredState state, std::string device = {});
Command down();

Result<Outcome> run(FakeHost& host, const Command& command);

// The index of a line in the journal. Fails the test when the journal has no such line.
std::size_t place_of(const FakeHost& host, const std::string& line);
// The index of the first line with this prefix. Fails the test when the journal has no such line.
std::size_t first_with(const FakeHost& host, const std::string& beginning);
bool was_done(const FakeHost& host, const std::string& line);
std::string journal_text(const FakeHost& host);

class OnFakeHost : public testing::Test {
 protected:
  void TearDown() override;

  Outcome must(const Command& command);
  // The command must fail and change nothing. The error names fields without marks.
  Error refused(const Command& command);
  Error refused(const Command& command, ErrorKind kind, const std::string& part_of_message);
  // The command must succeed and change nothing.
  void must_do_nothing(const Command& command);
  std::optional<PortView> view_of(const std::string& port);
  std::optional<NetworkView> network_view(const std::string& name);
  std::optional<UplinkView> uplink_view(const std::string& name);
  bool is_live(const std::string& device, Hook hook);
  bool has_interface(const std::string& device);
  bool has_vlan(const std::string& uplink, std::uint16_t vid);

  FakeHost host_;
};

}  // namespace xvnet::test
