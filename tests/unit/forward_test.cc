// SPDX-License-Identifier: BSD-2-Clause
//
// Forwards and floating addresses: which are refused, what the loader writes for programs and host,
// and how later changes affect them.
#include "fixture.h"
#include "loader/base/tables.h"
#include "loader/show/doctor.h"

namespace xvnet::test {
namespace {

ForwardRequest ssh() { return forward("blue", {"203.0.113.5", 2222}, {"10.0.0.7", 22}); }

class Forward : public OnFakeHost {
 protected:
  Forward() {
    host_.add_nic("eth0").addresses = {"192.0.2.2/24"};
    must(add_uplink(uplink("eth0")));
    must(add_network(with_snat(tenant("blue", 10), {"203.0.113.1"})));
  }

  std::vector<ForwardView> shown() {
    auto instance = Instance::open_for_reading(host_);
    EXPECT_TRUE(instance);
    auto views = instance->forwards();
    EXPECT_TRUE(views);
    return *views;
  }

  std::optional<abi::nat_address> address(const std::string& ip) {
    const auto& all = host_.fake_table(TableId::kNatAddresses).raw();
    const auto found = all.find(to_bytes(to_abi(*parse_ipv4(ip))));
    if (found == all.end()) return std::nullopt;
    return from_bytes<abi::nat_address>(found->second);
  }

  std::uint32_t network_flags() {
    const auto all =
        host_.fake_table(TableId::kNatNetworks).typed<std::uint32_t, abi::nat_network>();
    return all.empty() ? 0 : all.front().second.flags;
  }

  std::string complaint() {
    host_.start_process();
    const auto findings = examine_instance(host_);
    EXPECT_TRUE(findings);
    for (const auto& finding : *findings)
      if (finding.health == Health::kFail) return finding.detail;
    return "";
  }

  bool runs_on_lo() {
    const auto state = host_.attachment(LOOPBACK_IFINDEX, Hook::kTcEgress);
    return state && *state == Attachment::kLive;
  }

  std::string reserved() { return format_ports(*host_.reserved_ports()); }

  void refused_as(const ForwardRequest& request, const std::string& part) {
    refused(add_forward(request), ErrorKind::kFailed, part);
  }
};

TEST_F(Forward, LeadsToThePortThatHasTheAddress) {
  must(add_forward(ssh()));
  ASSERT_EQ(shown().size(), 1U);
  EXPECT_EQ(shown().front().device, "");
  must(attach(with_ips(in_network("tap0", "blue"), {"10.0.0.7"})));
  EXPECT_EQ(shown().front().device, "tap0");
  must(detach("tap0"));
  EXPECT_EQ(shown().front().device, "");
  must(attach(with_ips(in_network("tap1", "blue"), {"10.0.0.7"})));
  EXPECT_EQ(shown().front().device, "tap1");
}

// DHCP may take the forward's address from the host, or give it to the host.
TEST_F(Forward, IsReopenedWhenTheHostGainsOrLosesItsAddress) {
  const auto of_host = forward("blue", {"192.0.2.2", 8080}, {"10.0.0.7", 80});
  must(add_forward(of_host));
  EXPECT_EQ(reserved(), "8080");
  host_.device("eth0").addresses = {"192.0.2.3/24"};
  EXPECT_EQ(complaint(), "the host does not have 192.0.2.2, the address of a forward, any more");
  must(add_forward(of_host));
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(address("192.0.2.2")->flags, 0U);
  EXPECT_EQ(reserved(), "");
  host_.device("eth0").addresses = {"192.0.2.2/24"};
  EXPECT_EQ(complaint(), "the host now has 192.0.2.2, the address of a forward");
  must(add_forward(of_host));
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(address("192.0.2.2")->flags, std::uint32_t{abi::NAT_ADDRESS_OF_HOST});
  EXPECT_EQ(reserved(), "8080");
  must(down());
  EXPECT_EQ(reserved(), "");
}

// The host's address is also the network's SNAT address.
TEST_F(Forward, HostAddressChangeLeavesNoReservedPort) {
  must(add_network(with_snat(tenant("green", 20), {"auto"})));
  must(add_forward(forward("green", {"192.0.2.2", 8080}, {"10.0.0.7", 80})));
  const std::string before = reserved();
  host_.device("eth0").addresses = {"192.0.2.3/24"};
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ("8080," + reserved(), before);
  must(down());
  EXPECT_EQ(reserved(), "");
}

// Repeating one forward of an address refreshes every forward of that address.
TEST_F(Forward, AllOfAnAddressFollowItsMoves) {
  auto second = ssh();
  second.outside_port = 2223;
  second.inside_port = 23;
  host_.device("eth0").addresses = {"203.0.113.5/24"};
  for (const auto& each : {ssh(), second}) must(add_forward(each));
  EXPECT_EQ(reserved(), "2222-2223");
  host_.device("eth0").addresses = {"192.0.2.2/24"};
  must(add_forward(ssh()));
  EXPECT_EQ(reserved(), "");
  EXPECT_EQ(shown().size(), 2U);
  host_.device("eth0").addresses = {"203.0.113.5/24"};
  must(add_forward(ssh()));
  EXPECT_EQ(shown().size(), 2U);
  EXPECT_EQ(reserved(), "2222-2223");
  EXPECT_EQ(complaint(), "");
}

TEST_F(Forward, PoolAddressIsAnsweredByArpOnTheUplink) {
  must(add_forward(ssh()));
  ASSERT_TRUE(address("203.0.113.5"));
  EXPECT_EQ(address("203.0.113.5")->uplink, host_.device("eth0").link.ifindex);
  EXPECT_EQ(address("203.0.113.5")->flags, 0U);
  EXPECT_EQ(host_.announcements().back(), "eth0 203.0.113.5");
  must(remove_forward(ssh()));
  EXPECT_FALSE(address("203.0.113.5"));
  EXPECT_TRUE(shown().empty());
}

TEST_F(Forward, KeepsAnAddressThatIsStillInUse) {
  const auto other = forward("blue", {"203.0.113.5", 80}, {"10.0.0.7", 80});
  const auto beside_snat = forward("blue", {"203.0.113.1", 80}, {"10.0.0.8", 80});
  for (const auto& request : {ssh(), other, beside_snat}) must(add_forward(request));
  must(remove_forward(ssh()));
  EXPECT_TRUE(address("203.0.113.5"));
  must(remove_forward(beside_snat));
  EXPECT_TRUE(address("203.0.113.1"));
}

TEST_F(Forward, OfTheHostsAddressReservesThePort) {
  const auto request = forward("blue", {"192.0.2.2", 8000}, {"10.0.0.7", 80}, 11);
  must(add_forward(request));
  EXPECT_EQ(reserved(), "8000-8010");
  must(add_network(with_snat(tenant("green", 20), {"auto"})));
  must(remove_forward(request));
  EXPECT_EQ(reserved(), "32704-32767");
}

TEST_F(Forward, OfAPortThatTheHostUsesIsRefused) {
  host_.open_socket(Transport::kTcp, 22);
  host_.reserve("8080");
  refused_as(forward("blue", {"192.0.2.2", 22}, {"10.0.0.7", 22}), "a socket of the host");
  refused_as(forward("blue", {"192.0.2.2", 8079}, {"10.0.0.7", 80}, 3), "port 8080 is reserved");
  auto request = forward("blue", {"192.0.2.2", 22}, {"10.0.0.7", 22});
  request.protocol = ForwardProtocol::kUdp;
  must(add_forward(request));
}

TEST_F(Forward, RepeatedChangesNothing) {
  must(add_forward(ssh()));
  must_do_nothing(add_forward(ssh()));
}

TEST_F(Forward, OfAnAddressOrPortInUseIsRefused) {
  must(add_network(with_snat(tenant("green", 20), {"203.0.113.2"})));
  must(add_forward(forward("blue", {"203.0.113.5", 8000}, {"10.0.0.7", 80}, 10)));
  refused_as(forward("green", {"203.0.113.5", 8009}, {"10.0.0.7", 80}), "\"blue\" has tcp");
  refused_as(forward("blue", {"203.0.113.6", 1}, {"10.0.0.7", 89}), "one public port");
  refused_as(floating("green", "203.0.113.5", "10.0.0.9"), "\"blue\" has tcp");
  refused_as(floating("blue", "203.0.113.7", "10.0.0.7"), "one public port");
  refused_as(forward("blue", {"203.0.113.2", 65535}, {"10.0.0.9", 80}),
             "those of the VMs of network \"green\"");
  refused_as(floating("blue", "203.0.113.1", "10.0.0.9"), "those of the VMs of network \"blue\"");
  refused_as(floating("blue", "192.0.2.2", "10.0.0.9"), "the host's own");
  must(add_forward(forward("green", {"203.0.113.5", 8010}, {"10.0.0.7", 80})));
}

TEST_F(Forward, InvalidRequestIsRefused) {
  refused_as(forward("red", {"203.0.113.5", 1}, {"10.0.0.7", 1}), "network \"red\" does not exist");
  must(add_network(tenant("green", 20)));
  refused_as(forward("green", {"203.0.113.5", 1}, {"10.0.0.7", 1}), "no public address");
  refused_as(forward("blue", {"203.0.113.5", 1}, {"10.0.0.1", 1}), "the network's own");
  refused_as(forward("blue", {"203.0.113.5", 1}, {"10.0.0.255", 1}), "is not a host's address");
  refused_as(forward("blue", {"192.0.2.255", 1}, {"10.0.0.7", 1}), "not a host's address");
  const auto misuse = [&](const ForwardRequest& request, const std::string& part) {
    refused(add_forward(request), ErrorKind::kUsage, part);
  };
  misuse(forward("blue", {"10.0.0.8", 1}, {"10.0.0.7", 1}), "own subnet");
  misuse(forward("blue", {"224.0.0.1", 1}, {"10.0.0.7", 1}), "is not a host's address");
  misuse(forward("blue", {"203.0.113.5", 0}, {"10.0.0.7", 1}), "has no port");
  misuse(forward("blue", {"203.0.113.5", 65535}, {"10.0.0.7", 1}, 2), "above 65535");
  refused(remove_forward(ssh()), ErrorKind::kFailed, "does not have this forward");
}

TEST_F(Forward, OfAPortThatTheHostPublishesIsRefused) {
  host_.publish(8080);
  refused(add_forward(forward("blue", {"192.0.2.2", 8080}, {"10.0.0.7", 80})), ErrorKind::kFailed,
          "a DNAT rule of the host publishes port 8080");
  must(add_forward(forward("blue", {"203.0.113.5", 8080}, {"10.0.0.7", 80})));
}

TEST_F(Forward, PortIsNotAssignedToSnatRanges) {
  must(add_forward(forward("blue", {"192.0.2.2", 32732}, {"10.0.0.7", 80})));
  must(add_network(with_snat(tenant("green", 20), {"auto"})));
  EXPECT_EQ(network_view("green")->snat.front().last_port, 32731);
}

TEST_F(Forward, FloatingFlagIsSetOnlyWhileOneExists) {
  const auto request = floating("blue", "203.0.113.7", "10.0.0.9");
  EXPECT_FALSE(network_flags() & abi::NAT_HAS_FLOATING);
  must(add_forward(request));
  EXPECT_TRUE(network_flags() & abi::NAT_HAS_FLOATING);
  EXPECT_EQ(address("203.0.113.7")->flags, std::uint32_t{abi::NAT_ADDRESS_FLOATING});
  must(set_network(with_snat(network("blue"), {"203.0.113.2"})));
  EXPECT_TRUE(network_flags() & abi::NAT_HAS_FLOATING);
  must(remove_forward(request));
  EXPECT_FALSE(network_flags() & abi::NAT_HAS_FLOATING);
}

TEST_F(Forward, NeededSettingsOfTheNetworkCannotBeUnset) {
  must(add_forward(ssh()));
  refused(set_network(without_snat(network("blue"))), ErrorKind::kFailed, "needs its SNAT");
  refused(set_network(with_subnet(network("blue"), "10.1.0.0/24", "10.1.0.1")), ErrorKind::kFailed,
          "is not a host's address");
  must(remove_network("blue"));
  EXPECT_TRUE(shown().empty());
}

TEST_F(Forward, IsRestoredOnceItsAddressExists) {
  must(add_forward(ssh()));
  auto instance = Instance::open_for_reading(host_);
  const DesiredState state = *instance->desired_state();
  must(down());
  const auto link = host_.device("eth0");
  host_.remove("eth0");
  const auto outcome = must(restore(state));
  EXPECT_TRUE(shown().empty());
  EXPECT_TRUE(std::ranges::any_of(outcome.warnings, [](const std::string& warning) {
    return warning.find("forward tcp 203.0.113.5:2222") != std::string::npos;
  }));
  host_.add_nic("eth0").addresses = link.addresses;
  EXPECT_TRUE(must(restore(state)).warnings.empty());
  EXPECT_EQ(shown().size(), 1U);
}

TEST_F(Forward, FollowsItsRecreatedUplink) {
  must(add_forward(floating("blue", "203.0.113.7", "10.0.0.9")));
  host_.recreate("eth0");
  host_.device("eth0").addresses = {"192.0.2.2/24"};
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(address("203.0.113.7")->uplink, host_.device("eth0").link.ifindex);
  EXPECT_EQ(address("203.0.113.7")->flags, std::uint32_t{abi::NAT_ADDRESS_FLOATING});
}

const auto kOfHost = forward("blue", {"192.0.2.2", 2222}, {"10.0.0.8", 22});

TEST_F(Forward, OfTheHostsAddressAttachesToLo) {
  const auto other = forward("blue", {"192.0.2.2", 80}, {"10.0.0.7", 80});
  must(add_forward(ssh()));
  EXPECT_FALSE(runs_on_lo());
  must(add_forward(kOfHost));
  must(add_forward(other));
  EXPECT_TRUE(runs_on_lo());
  EXPECT_TRUE(host_.device("lo").link.accepts_local);
  must(remove_forward(kOfHost));
  EXPECT_TRUE(runs_on_lo());
  must(remove_forward(other));
  EXPECT_FALSE(runs_on_lo());
  EXPECT_FALSE(host_.device("lo").link.accepts_local);
}

TEST_F(Forward, RestoresLoWhenRemoved) {
  host_.device("lo").link.accepts_local = true;
  must(add_forward(kOfHost));
  must(down());
  EXPECT_FALSE(runs_on_lo());
  EXPECT_TRUE(host_.device("lo").link.accepts_local);
}

TEST_F(Forward, RestoresItsProgramOnLo) {
  must(add_forward(kOfHost));
  host_.evict("lo", Hook::kTcEgress);
  must(add_uplink(uplink("eth0")));
  EXPECT_TRUE(runs_on_lo());
}

// The public address is already in use, either by the host on another device or by a machine on the
// LAN.
class AddressInUse : public OnFakeHost {
 protected:
  AddressInUse() {
    host_.add_nic("eth0").addresses = {"198.51.100.1/24"};
    host_.add_nic("br0").addresses = {"198.51.100.77/32"};
    must(add_uplink(uplink("eth0")));
    must(add_network(with_snat(tenant("green", 40), {"auto"})));
  }
};

TEST_F(AddressInUse, HostAddressOffTheUplinksCannotBeFloating) {
  refused(add_forward(floating("green", "198.51.100.77", "10.0.0.2")), ErrorKind::kFailed,
          "\"br0\"");
}

TEST_F(AddressInUse, HostAddressOffTheUplinksCannotBeUsedForSnat) {
  refused(add_network(with_snat(tenant("blue", 41), {"198.51.100.77"})), ErrorKind::kFailed,
          "\"br0\"");
  refused(set_network(with_snat(network("green"), {"198.51.100.77"})), ErrorKind::kFailed,
          "\"br0\"");
}

// The address may belong to the LAN's gateway, for example. An operator who is sure can force it.
TEST_F(AddressInUse, AddressAnsweredOnTheLanNeedsForce) {
  host_.answer_on_lan(*parse_ipv4("198.51.100.254"));
  auto request = floating("green", "198.51.100.254", "10.0.0.2");
  refused(add_forward(request), ErrorKind::kFailed, "198.51.100.254");
  auto source = with_snat(tenant("blue", 41), {"198.51.100.254"});
  refused(add_network(source), ErrorKind::kFailed, "198.51.100.254");
  request.force = true;
  must(add_forward(request));
}

}  // namespace
}  // namespace xvnet::test
