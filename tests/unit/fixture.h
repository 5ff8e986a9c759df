// SPDX-License-Identifier: BSD-2-Clause
//
// One command after the other on a FakeKernel, each as if by a process of its own. At the end of
// every test nothing may have been broken at any step.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "fake_kernel.h"
#include "loader/instance.h"
#include "snapshot.h"

namespace xvnet::test {

using Command = std::function<Result<Outcome>(Instance&)>;

PortRequest port(const std::string& device);  // nothing chosen
PortRequest on_vlan(const std::string& device, std::uint16_t vid);
PortRequest in_network(const std::string& device, const std::string& network);
PortRequest on_untagged(const std::string& device, const std::string& uplink = {});
UplinkRequest uplink(const std::string& device, Mode mode = Mode::kAuto);
UplinkRequest uplink_with(const std::string& device, const std::vector<std::uint16_t>& vids);
NetworkRequest network(const std::string& name);
NetworkRequest vlan_network(const std::string& name, std::uint16_t vid);
NetworkRequest with_subnet(NetworkRequest request, const std::string& subnet,
                           const std::string& gateway = {});
// Of a VLAN, with the subnet that all tenants have, and a gateway.
NetworkRequest tenant(const std::string& name, std::uint16_t vid);
NetworkRequest of_router(NetworkRequest request, const std::string& router);
// Host-only, with the subnet 10.0.THIRD.0/24 and the gateway 10.0.THIRD.1.
NetworkRequest routed(const std::string& name, int third, const std::string& router);
NetworkRequest with_dhcp(NetworkRequest request);
// "auto", or addresses
NetworkRequest with_snat(NetworkRequest request, const std::vector<std::string>& addresses,
                         std::uint32_t ports = kMinSnatPorts);
// Prefixes to which it is not translated.
NetworkRequest with_exceptions(NetworkRequest request, const std::vector<std::string>& prefixes);
NetworkRequest without_snat(NetworkRequest request);
// Of TCP, from `ports` ports beginning with one to as many beginning with the other.
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
// An error when any object of it failed.
Command restore(DesiredState state, std::string device = {});
Command down();

Result<Outcome> run(FakeKernel& kernel, const Command& command);

// The place of a line in the journal; fails the test when it is not there.
std::size_t place_of(const FakeKernel& kernel, const std::string& line);
// Of the first line that begins with it.
std::size_t first_with(const FakeKernel& kernel, const std::string& beginning);
bool was_done(const FakeKernel& kernel, const std::string& line);
std::string journal_text(const FakeKernel& kernel);

class OnFakeKernel : public testing::Test {
 protected:
  void TearDown() override;

  Outcome must(const Command& command);
  // Fails, and changes nothing.
  Error refused(const Command& command);
  Error refused(const Command& command, ErrorKind kind, const std::string& part_of_message);
  // Succeeds, and changes nothing.
  void must_do_nothing(const Command& command);
  std::optional<PortView> view_of(const std::string& port);
  std::optional<NetworkView> network_view(const std::string& name);
  std::optional<UplinkView> uplink_view(const std::string& name);
  bool is_live(const std::string& device, Hook hook);
  bool has_interface(const std::string& device);
  bool has_vlan(const std::string& uplink, std::uint16_t vid);

  FakeKernel kernel_;
};

}  // namespace xvnet::test
