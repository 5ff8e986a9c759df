// SPDX-License-Identifier: BSD-2-Clause
//
// Source NAT of networks: the address and ports that each network gets, what the loader writes for
// programs and host, and how later changes affect it.
#include "fixture.h"
#include "loader/base/tables.h"
#include "loader/nat/ranges.h"

namespace xvnet::test {
namespace {

class Nat : public OnFakeHost {
 protected:
  Nat() {
    host_.add_nic("eth0").addresses = {"192.0.2.2/24"};
    must(add_uplink(uplink("eth0")));
  }

  // The public port ranges of a network, as "192.0.2.2:65472-65535".
  std::vector<std::string> ranges(const std::string& name) {
    std::vector<std::string> texts;
    const auto view = network_view(name);
    if (!view) return texts;
    for (const auto& range : view->snat)
      texts.push_back(range.address + ":" + std::to_string(range.first_port) + "-" +
                      std::to_string(range.last_port));
    return texts;
  }

  abi::nat_network entry() {
    const auto all =
        host_.fake_table(TableId::kNatNetworks).typed<std::uint32_t, abi::nat_network>();
    return all.empty() ? abi::nat_network{} : all.front().second;
  }

  std::optional<abi::nat_address> address(const std::string& ip) {
    const auto& all = host_.fake_table(TableId::kNatAddresses).raw();
    const auto found = all.find(to_bytes(to_abi(*parse_ipv4(ip))));
    if (found == all.end()) return std::nullopt;
    return from_bytes<abi::nat_address>(found->second);
  }

  bool is_flagged(const std::string& device) {
    const auto& all = host_.fake_table(TableId::kInterfaces).raw();
    const auto found = all.find(to_bytes(host_.device(device).link.ifindex));
    return found != all.end() &&
           from_bytes<abi::interface>(found->second).flags & abi::INTERFACE_NAT;
  }

  std::string reserved() { return format_ports(*host_.reserved_ports()); }
};

using Texts = std::vector<std::string>;

TEST_F(Nat, AutoSelectsTheUplinksFirstAddress) {
  host_.device("eth0").addresses.insert("198.51.100.1/24");
  must(add_network(with_snat(tenant("blue", 10), {"auto"}, 4096)));
  EXPECT_EQ(ranges("blue"), Texts{"192.0.2.2:28672-32767"});
  EXPECT_EQ(address("192.0.2.2")->flags, std::uint32_t{abi::NAT_ADDRESS_OF_HOST});
  EXPECT_EQ(address("192.0.2.2")->uplink, 0U);
  EXPECT_TRUE(is_flagged("eth0"));
  EXPECT_EQ(network_view("blue")->snat_filter, SnatFilter::kAddress);
}

TEST_F(Nat, NetworkWithoutAVlanIsOfKindNat) {
  auto lab = with_snat(tenant("lab", 10), {"auto"});
  lab.vid.reset();
  must(add_network(lab));
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  EXPECT_EQ(network_view("lab")->kind, NetworkKind::kNat);
  EXPECT_EQ(network_view("blue")->kind, NetworkKind::kVlan);
}

TEST_F(Nat, AutoNeedsExactlyOneUplinkWithAnAddress) {
  host_.add_nic("eth1").addresses = {"198.51.100.1/24"};
  must(add_uplink(uplink_with("eth1", {20})));
  refused(add_network(with_snat(tenant("blue", 10), {"auto"})), ErrorKind::kFailed, "2 uplinks");
  host_.device("eth0").addresses.clear();
  host_.device("eth1").addresses = {"2001:db8::1/64"};
  refused(add_network(with_snat(tenant("blue", 10), {"auto"})), ErrorKind::kFailed,
          "no uplink has");
  must(remove_uplink("eth0"));
  must(remove_uplink("eth1"));
  const Error error = refused(add_network(with_snat(tenant("blue", 10), {"auto"})),
                              ErrorKind::kFailed, "no uplink");
  EXPECT_NE(error.hint.find("«uplink add»"), std::string::npos);
}

TEST_F(Nat, PoolAddressIsAnsweredByArpOnAnUplink) {
  must(add_network(with_snat(tenant("blue", 10), {"203.0.113.5", "192.0.2.9"})));
  const auto& link = host_.device("eth0").link;
  for (const char* ip : {"203.0.113.5", "192.0.2.9"}) {
    ASSERT_TRUE(address(ip));
    EXPECT_EQ(address(ip)->flags, 0U);
    EXPECT_EQ(address(ip)->uplink, link.ifindex);
    EXPECT_TRUE(std::ranges::equal(address(ip)->mac, link.mac));
  }
  EXPECT_EQ(ranges("blue"), (Texts{"203.0.113.5:65472-65535", "192.0.2.9:65472-65535"}));
  EXPECT_EQ(host_.announcements(), (Texts{"eth0 203.0.113.5", "eth0 192.0.2.9"}));
  EXPECT_EQ(reserved(), "");
}

TEST_F(Nat, PoolAddressUsesTheUplinkOfItsSubnet) {
  host_.add_nic("eth1").addresses = {"203.0.113.1/24"};
  must(add_uplink(uplink_with("eth1", {20})));
  must(add_network(with_snat(tenant("blue", 10), {"203.0.113.5"})));
  EXPECT_EQ(address("203.0.113.5")->uplink, host_.device("eth1").link.ifindex);
  refused(add_network(with_snat(tenant("green", 20), {"198.51.100.5"})), ErrorKind::kFailed,
          "198.51.100.5");
  refused(add_network(with_snat(tenant("green", 20), {"203.0.113.255"})), ErrorKind::kFailed,
          "eth1");
  host_.device("eth0").addresses.insert("203.0.113.2/24");
  refused(add_network(with_snat(tenant("green", 20), {"203.0.113.6"})), ErrorKind::kFailed,
          "2 uplinks");
}

TEST_F(Nat, OnlyANewAddressIsAnnounced) {
  must(add_network(with_snat(tenant("blue", 10), {"203.0.113.5"})));
  must(add_network(with_snat(tenant("green", 20), {"203.0.113.5"})));
  must_do_nothing(add_network(with_snat(tenant("green", 20), {"203.0.113.5"})));
  EXPECT_EQ(host_.announcements().size(), 1U);
}

TEST_F(Nat, FailedAnnouncementIsAWarning) {
  host_.device("eth0").addresses = {"203.0.113.1/24"};
  host_.refuse_announcements();
  const Outcome outcome = must(add_network(with_snat(tenant("blue", 10), {"203.0.113.5"})));
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_NE(outcome.warnings[0].find("203.0.113.5"), std::string::npos);
  EXPECT_TRUE(address("203.0.113.5"));
}

TEST_F(Nat, NetworksOnOneAddressGetDisjointPorts) {
  must(add_network(with_snat(tenant("blue", 10), {"auto"}, 4096)));
  must(add_network(with_snat(tenant("green", 20), {"auto"}, 64)));
  EXPECT_EQ(ranges("green"), Texts{"192.0.2.2:28608-28671"});
  EXPECT_EQ(reserved(), "28608-32767");
  must(remove_network("blue"));
  EXPECT_EQ(ranges("green"), Texts{"192.0.2.2:28608-28671"});
  EXPECT_EQ(reserved(), "28608-28671");
  EXPECT_TRUE(address("192.0.2.2"));
  EXPECT_TRUE(is_flagged("eth0"));
  must(remove_network("green"));
  EXPECT_EQ(reserved(), "");
  EXPECT_FALSE(address("192.0.2.2"));
  EXPECT_FALSE(is_flagged("eth0"));
}

// A masquerade of the host keeps the port that a container or a VM of another network software
// chose, and the host has priority on a port.
TEST_F(Nat, EphemeralPortsAreAssignedLast) {
  host_.reserve("16512-32767,61064-65535");  // leaves 128 and 64 ports free of those taken first
  std::uint16_t vid = 10;
  for (const char* name : {"one", "two", "three", "four"})
    must(add_network(with_snat(tenant(name, vid++), {"auto"}, 64)));
  EXPECT_EQ(ranges("one"), Texts{"192.0.2.2:16448-16511"});
  EXPECT_EQ(ranges("two"), Texts{"192.0.2.2:16384-16447"});
  EXPECT_EQ(ranges("three"), Texts{"192.0.2.2:61000-61063"});
  EXPECT_EQ(ranges("four"), Texts{"192.0.2.2:60936-60999"});
}

TEST_F(Nat, ExhaustedPortsAreRefusedWithTheFreeCount) {
  host_.reserve("16585-65535");  // leaves 201 ports free
  must(add_network(with_snat(tenant("blue", 10), {"auto"}, 64)));
  EXPECT_EQ(ranges("blue"), Texts{"192.0.2.2:16520-16583"});
  const Error error = refused(add_network(with_snat(tenant("green", 20), {"auto"}, 138)),
                              ErrorKind::kFailed, "192.0.2.2 has only 136 consecutive free ports");
  EXPECT_NE(error.hint.find("‹snat_ports›"), std::string::npos);
  must(add_network(with_snat(tenant("green", 20), {"auto"}, 136)));
  EXPECT_EQ(ranges("green"), Texts{"192.0.2.2:16384-16519"});
  const auto red = tenant("red", 30);
  refused(add_network(with_snat(red, {"auto"})), ErrorKind::kFailed,
          "only 0 consecutive free ports");
  must(add_network(with_snat(red, {"203.0.113.5"}, 136)));
  EXPECT_EQ(ranges("red"), Texts{"203.0.113.5:65400-65535"});
}

TEST_F(Nat, PortsReservedByTheHostAreSkipped) {
  host_.reserve("8080,32232,32767");
  must(add_network(with_snat(tenant("blue", 10), {"auto"}, 1024)));
  EXPECT_EQ(ranges("blue"), Texts{"192.0.2.2:31208-32231"});
  EXPECT_EQ(reserved(), "8080,31208-32232,32767");
  must(set_network(without_snat(network("blue"))));
  EXPECT_EQ(reserved(), "8080,32232,32767");
}

TEST_F(Nat, PortsPublishedByTheHostAreSkipped) {
  host_.publish(32700);
  must(add_network(with_snat(tenant("blue", 10), {"auto"}, 64)));
  EXPECT_EQ(ranges("blue"), Texts{"192.0.2.2:32704-32767"});
  must(set_network(with_snat(network("blue"), {"auto"}, 128)));
  EXPECT_EQ(ranges("blue"), Texts{"192.0.2.2:32572-32699"});
  host_.publish(32600);
  must(set_network(with_snat(network("blue"), {"auto"}, 128)));
  EXPECT_EQ(ranges("blue"), Texts{"192.0.2.2:32472-32599"});
}

TEST_F(Nat, RangesStayIfAddressAndCountStay) {
  must(add_network(with_snat(tenant("blue", 10), {"auto"}, 64)));
  must(add_network(with_snat(tenant("green", 20), {"auto"}, 64)));
  must(set_network(without_snat(network("blue"))));
  EXPECT_EQ(ranges("green"), Texts{"192.0.2.2:32640-32703"});
  auto ageing = network("green");
  ageing.ageing_s = 60;
  must(set_network(ageing));
  must(set_network(with_snat(network("green"), {"203.0.113.5", "192.0.2.2"}, 64)));
  EXPECT_EQ(ranges("green"), (Texts{"203.0.113.5:65472-65535", "192.0.2.2:32640-32703"}));
  must(set_network(with_snat(network("green"), {"192.0.2.2"}, 128)));
  EXPECT_EQ(ranges("green"), Texts{"192.0.2.2:32640-32767"});
  EXPECT_FALSE(address("203.0.113.5"));
}

TEST_F(Nat, BucketsAreAPowerOfTwo) {
  const auto buckets = [&] { return host_.fake_table(TableId::kNatSessions).raw().size(); };
  must(add_network(with_snat(tenant("blue", 10), {"auto"}, 64)));
  EXPECT_EQ(buckets(), 32U);
  must(set_network(with_snat(network("blue"), {"auto"}, 1026)));
  EXPECT_EQ(buckets(), 1024U);
  EXPECT_EQ(entry().bucket_mask, 1023U);
  must(set_network(with_snat(network("blue"), {"203.0.113.5", "203.0.113.6"}, 1026)));
  EXPECT_EQ(buckets(), 2048U);
  must(set_network(without_snat(network("blue"))));
  EXPECT_EQ(buckets(), 0U);
}

TEST_F(Nat, FilterChangeKeepsSessions) {
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  auto request = network("blue");
  request.snat_filter = SnatFilter::kEndpoint;
  must(set_network(request));
  EXPECT_EQ(entry().flags, std::uint32_t{abi::NAT_ANY_REMOTE});
  EXPECT_EQ(network_view("blue")->snat_filter, SnatFilter::kEndpoint);
  EXPECT_TRUE(was_done(host_, "put nat_networks blue"));
  for (const std::string& line : host_.journal()) {
    EXPECT_EQ(line.find("nat_sessions"), std::string::npos) << line;
    EXPECT_FALSE(line.starts_with("put networks")) << line;
  }
}

TEST_F(Nat, FlagIsSetLastAndClearedFirst) {
  must(add_network(tenant("blue", 10)));
  must(set_network(with_snat(network("blue"), {"auto"})));
  const auto flagged = place_of(host_, "put networks blue");
  for (const char* line : {"put nat_networks blue", "put nat_addresses 192.0.2.2",
                           "put nat_sessions blue/31", "put interfaces eth0"})
    EXPECT_LT(place_of(host_, line), flagged) << line;
  must(set_network(without_snat(network("blue"))));
  EXPECT_LT(place_of(host_, "put networks blue"), first_with(host_, "erase nat_"));
  EXPECT_LT(first_with(host_, "erase nat_sessions"), place_of(host_, "erase nat_networks blue"));
}

TEST_F(Nat, SetKeepsTheNetworkOnItsUplink) {
  must(add_network(tenant("blue", 10)));
  must(set_network(with_snat(network("blue"), {"auto"})));
  EXPECT_FALSE(was_done(host_, "erase vlans eth0/10"));
}

TEST_F(Nat, ForwardingIsEnabledOnPorts) {
  must(add_network(tenant("blue", 10)));
  must(attach(in_network("tap0", "blue")));
  EXPECT_FALSE(host_.device("tap0").link.forwards);
  must(set_network(with_snat(network("blue"), {"auto"})));
  EXPECT_TRUE(host_.device("tap0").link.forwards);
  must(attach(in_network("tap1", "blue")));
  EXPECT_TRUE(host_.device("tap1").link.forwards);
  must(detach("tap1"));
  EXPECT_FALSE(host_.device("tap1").link.forwards);
  must(set_network(without_snat(network("blue"))));
  EXPECT_FALSE(host_.device("tap0").link.forwards);
}

TEST_F(Nat, ForwardingEnabledBeforeStaysEnabled) {
  host_.add_tap("tap0").link.forwards = true;
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  must(attach(in_network("tap0", "blue")));
  must(detach("tap0"));
  EXPECT_TRUE(host_.device("tap0").link.forwards);
}

TEST_F(Nat, RequestsAreChecked) {
  const auto bad = [&](NetworkRequest request, const std::string& part) {
    refused(add_network(std::move(request)), ErrorKind::kUsage, part);
  };
  bad(with_snat(vlan_network("blue", 10), {"auto"}), "requires ‹subnet› and ‹gateway›");
  bad(with_snat(with_subnet(network("blue"), "10.0.0.0/24"), {"auto"}),
      "requires ‹subnet› and ‹gateway›");
  bad(with_snat(tenant("blue", 10), {"10.0.0.9"}), "own subnet");
  for (const char* ip : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"})
    bad(with_snat(tenant("blue", 10), {ip}), ip);
  bad(with_snat(tenant("blue", 10), {"203.0.113.5", "203.0.113.5"}), "twice");
  bad(with_snat(tenant("blue", 10), {}), "has no address");
  Texts many;
  for (int at = 0; at <= MAX_NAT_RANGES; ++at)
    many.push_back("203.0.113." + std::to_string(at + 1));
  bad(with_snat(tenant("blue", 10), many), "more than 8");
  for (const std::uint32_t ports : {0U, 62U, 65U, 32770U, 65600U})
    bad(with_snat(tenant("blue", 10), {"auto"}, ports), "snat_ports");
  bad(without_snat(tenant("blue", 10)), "‹snat› none");
  auto filter = tenant("blue", 10);
  filter.snat_filter = SnatFilter::kEndpoint;
  bad(filter, "require ‹snat›");
}

TEST_F(Nat, AddedDifferentlyIsRefused) {
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  refused(add_network(with_snat(tenant("blue", 10), {"203.0.113.5"})), ErrorKind::kFailed,
          "‹snat› is auto");
  refused(add_network(tenant("blue", 10)), ErrorKind::kFailed, "‹snat› is auto");
}

TEST_F(Nat, MissingAddressKeepsTheExistingRanges) {
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  host_.device("eth0").addresses.clear();
  const Outcome again = must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.warnings.size(), 1U);
  EXPECT_EQ(ranges("blue").size(), 1U);
  host_.device("eth0").addresses = {"192.0.2.77/24"};
  must(add_network(with_snat(tenant("blue", 10), {"auto"})));
  EXPECT_EQ(ranges("blue"), Texts{"192.0.2.77:32704-32767"});
  EXPECT_FALSE(address("192.0.2.2"));
}

TEST_F(Nat, AnAddressFollowsItsUplink) {
  must(add_network(with_snat(tenant("blue", 10), {"203.0.113.5"})));
  host_.recreate("eth0");
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(address("203.0.113.5")->uplink, host_.device("eth0").link.ifindex);
  EXPECT_EQ(host_.announcements().size(), 2U);
  EXPECT_TRUE(is_flagged("eth0"));
}

}  // namespace
}  // namespace xvnet::test
