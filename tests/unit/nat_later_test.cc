// SPDX-License-Identifier: BSD-2-Clause
//
// Source NAT after its setup: `show nat`, save and restore, and dry run.
#include <algorithm>

#include "fixture.h"
#include "loader/base/tables.h"
#include "loader/commands/dry_run.h"

namespace xvnet::test {
namespace {

constexpr std::uint64_t kSecond = kNanosecondsPerSecond;

struct MappingSpec {
  const char* inside;
  std::uint16_t port;
  std::uint16_t outside_port;
  std::uint8_t protocol = abi::NAT_UDP;
  std::uint64_t expires_s = 1030;  // the clock stands at 1000
  std::uint32_t established = 0;
  const char* device = "tap0";
};

class NatLifecycle : public OnFakeHost {
 protected:
  NatLifecycle() {
    host_.set_clock(1000 * kSecond);
    host_.add_nic("eth0").addresses = {"192.0.2.2/24"};
    must(add_uplink(uplink("eth0")));
    must(add_network(with_snat(tenant("blue", 10), {"auto"})));
    must(attach(in_network("tap0", "blue")));
    must(attach(in_network("tap1", "blue")));
  }

  std::uint32_t blue_id() {
    return host_.fake_table(TableId::kNatNetworks)
        .typed<std::uint32_t, abi::nat_network>()
        .front()
        .first;
  }

  void add_mapping(const MappingSpec& spec) {
    const abi::nat_slot_key key{.address = to_abi(*parse_ipv4("192.0.2.2")),
                                .port = spec.outside_port,
                                .protocol = spec.protocol,
                                .pad = 0};
    abi::nat_slot slot{};
    slot.expires_ns = spec.expires_s * kSecond;
    slot.inside = to_abi(*parse_ipv4(spec.inside));
    slot.network = blue_id();
    slot.ifindex = host_.device(spec.device).link.ifindex;
    slot.port = spec.port;
    slot.established = spec.established;
    slot.created_s = 990;
    slot.bytes_out = 100;
    slot.bytes_in = 200;
    const abi::nat_mapping_key inside{.network = slot.network,
                                      .address = slot.inside,
                                      .port = slot.port,
                                      .protocol = spec.protocol,
                                      .pad = 0};
    host_.fake_table(TableId::kNatSlots).set(to_bytes(key), to_bytes(slot));
    host_.fake_table(TableId::kNatMappings)
        .set(to_bytes(inside),
             to_bytes(abi::nat_mapping{.range = 0, .port = spec.outside_port, .address = {}}));
  }

  std::vector<NatView> shown(const NatFilter& filter = {}) {
    auto instance = Instance::open_for_reading(host_);
    EXPECT_TRUE(instance);
    auto views = instance->nat(filter);
    EXPECT_TRUE(views) << views.error().message;
    return views.value_or(std::vector<NatView>{});
  }

  DesiredState saved() {
    auto instance = Instance::open_for_reading(host_);
    EXPECT_TRUE(instance);
    return instance->desired_state().value_or(DesiredState{});
  }

  std::size_t mappings() { return host_.fake_table(TableId::kNatMappings).raw().size(); }
};

TEST_F(NatLifecycle, ShowsMappings) {
  add_mapping({.inside = "10.0.0.2", .port = 5000, .outside_port = 32704});
  const auto views = shown();
  ASSERT_EQ(views.size(), 1U);
  const NatView& view = views.front();
  EXPECT_EQ(view.network, "blue");
  EXPECT_EQ(view.protocol, NatProtocol::kUdp);
  EXPECT_EQ(view.inside_ip, "10.0.0.2");
  EXPECT_EQ(view.inside_port, 5000);
  EXPECT_EQ(view.outside_ip, "192.0.2.2");
  EXPECT_EQ(view.outside_port, 32704);
  EXPECT_EQ(view.state, NatState::kLive);
  EXPECT_EQ(view.age_s, 10U);
  EXPECT_EQ(view.left_s, 30U);
  EXPECT_EQ(view.sent, 100U);
  EXPECT_EQ(view.received, 200U);
}

TEST_F(NatLifecycle, ShowsTcpStates) {
  add_mapping({.inside = "10.0.0.2", .port = 1, .outside_port = 32704, .protocol = abi::NAT_TCP});
  add_mapping({.inside = "10.0.0.2",
               .port = 2,
               .outside_port = 32706,
               .protocol = abi::NAT_TCP,
               .established = 2});
  add_mapping({.inside = "10.0.0.2", .port = 3, .outside_port = 32708, .protocol = abi::NAT_ICMP});
  const auto views = shown();
  ASSERT_EQ(views.size(), 3U);
  EXPECT_EQ(views[0].protocol, NatProtocol::kIcmp);
  EXPECT_EQ(views[0].state, NatState::kLive);
  EXPECT_EQ(views[1].state, NatState::kTransitory);
  EXPECT_EQ(views[2].state, NatState::kEstablished);
}

TEST_F(NatLifecycle, HidesExpiredMappings) {
  add_mapping({.inside = "10.0.0.2", .port = 1, .outside_port = 32704, .expires_s = 1000});
  add_mapping({.inside = "10.0.0.2", .port = 2, .outside_port = 32706, .expires_s = 0});
  EXPECT_TRUE(shown().empty());
}

TEST_F(NatLifecycle, ShowsOnlyMatchingMappings) {
  add_mapping({.inside = "10.0.0.2", .port = 5000, .outside_port = 32704});
  add_mapping({.inside = "10.0.0.3", .port = 5001, .outside_port = 32706, .device = "tap1"});
  NatFilter filter;
  filter.network = "blue";
  EXPECT_EQ(shown(filter).size(), 2U);
  filter.address = parse_ipv4("192.0.2.2");
  EXPECT_EQ(shown(filter).size(), 2U);
  filter.address = parse_ipv4("10.0.0.3");
  EXPECT_EQ(shown(filter).size(), 1U);
  filter.port = 5000;
  EXPECT_TRUE(shown(filter).empty());
  EXPECT_EQ(shown({.network = {}, .address = {}, .port = 32704}).size(), 1U);
  auto instance = Instance::open_for_reading(host_);
  EXPECT_FALSE(instance->nat({.network = "red", .address = {}, .port = {}}));
}

TEST_F(NatLifecycle, MappingsAreRemovedWithTheirPort) {
  add_mapping({.inside = "10.0.0.2", .port = 5000, .outside_port = 32704});
  add_mapping({.inside = "10.0.0.3", .port = 5000, .outside_port = 32706, .device = "tap1"});
  must(detach("tap0"));
  ASSERT_EQ(shown().size(), 1U);
  EXPECT_EQ(shown().front().inside_ip, "10.0.0.3");
  EXPECT_EQ(mappings(), 1U);
}

TEST_F(NatLifecycle, MappingsOfAnAddressAreRemovedWithIt) {
  auto request = in_network("tap0", "blue");
  request.ips = {*parse_ipv4("10.0.0.2"), *parse_ipv4("10.0.0.8")};
  request.allowed = {*parse_ipv4("10.0.0.9")};
  request.replace = true;
  must(attach(request));
  for (const std::uint16_t at : {0, 1, 2})
    add_mapping({.inside = std::array{"10.0.0.2", "10.0.0.8", "10.0.0.9"}.at(at),
                 .port = 5000,
                 .outside_port = static_cast<std::uint16_t>(32704 + 2 * at)});
  request.ips.pop_back();
  must(attach(request));
  ASSERT_EQ(shown().size(), 2U);
  EXPECT_EQ(shown()[0].inside_ip, "10.0.0.2");
  EXPECT_EQ(shown()[1].inside_ip, "10.0.0.9");
  request.allowed.clear();
  must(attach(request));
  ASSERT_EQ(shown().size(), 1U);
  EXPECT_EQ(shown()[0].inside_ip, "10.0.0.2");
}

TEST_F(NatLifecycle, MappingsAreRemovedWithSnat) {
  add_mapping({.inside = "10.0.0.2", .port = 5000, .outside_port = 32704});
  must(set_network(without_snat(network("blue"))));
  EXPECT_TRUE(shown().empty());
  EXPECT_EQ(mappings(), 0U);
  EXPECT_FALSE(network_view("blue")->snat_filter);
}

TEST_F(NatLifecycle, MappingsStayWhenOtherSettingsChange) {
  add_mapping({.inside = "10.0.0.2", .port = 5000, .outside_port = 32704});
  auto request = network("blue");
  request.ageing_s = 60;
  must(set_network(request));
  request.snat_filter = SnatFilter::kEndpoint;
  must(set_network(request));
  EXPECT_EQ(shown().size(), 1U);
}

TEST_F(NatLifecycle, IsSavedAsRequested) {
  ASSERT_EQ(saved().networks.size(), 1U);
  const NetworkRequest request = saved().networks.front();
  EXPECT_EQ(request.snat->source, SnatSource::kAuto);
  EXPECT_EQ(request.snat_ports, kMinSnatPorts);
  EXPECT_EQ(request.snat_filter, SnatFilter::kAddress);
  must(set_network(with_snat(network("blue"), {"203.0.113.5"})));
  EXPECT_EQ(saved().networks.front().snat,
            (SnatRequest{SnatSource::kAddresses, {*parse_ipv4("203.0.113.5")}}));
  must_do_nothing(restore(saved()));
}

// At boot, restore may run before the uplink has its address.
TEST_F(NatLifecycle, IsRestoredOnceTheUplinkHasAnAddress) {
  const DesiredState state = saved();
  must(down());
  EXPECT_TRUE(host_.reserved_ports()->none());
  host_.device("eth0").addresses.clear();
  EXPECT_EQ(must(restore(state)).warnings.size(), 1U);
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kUp);
  EXPECT_TRUE(network_view("blue")->snat.empty());
  EXPECT_EQ(network_view("blue")->snat_filter, SnatFilter::kAddress);
  host_.device("eth0").addresses = {"192.0.2.2/24"};
  EXPECT_TRUE(must(restore(state)).warnings.empty());
  EXPECT_EQ(network_view("blue")->snat.size(), 1U);
  EXPECT_TRUE(host_.device("tap0").link.forwards);
}

TEST_F(NatLifecycle, IsRestoredWithItsUplink) {
  const DesiredState state = saved();
  must(down());
  host_.remove("eth0");
  EXPECT_EQ(must(restore(state)).warnings.size(), 2U);
  host_.add_nic("eth0").addresses = {"192.0.2.2/24"};
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(network_view("blue")->snat.size(), 1U);
}

TEST_F(NatLifecycle, DryRunListsAddressesAndPorts) {
  host_.start_process();
  DryRun dry_run(host_);
  auto instance = Instance::open_for_change(dry_run);
  ASSERT_TRUE(instance);
  ASSERT_TRUE(instance->set_network(with_snat(network("blue"), {"203.0.113.5"}, 4096)));
  const auto count = [&](const char* line) { return std::ranges::count(dry_run.steps(), line); };
  EXPECT_EQ(count("stop translating network blue"), 1);
  EXPECT_EQ(count("translate network blue to 203.0.113.5, ports 61440-65535"), 1);
  EXPECT_EQ(count("announce 203.0.113.5 on eth0"), 1);
  EXPECT_EQ(count("reserve no ports of the host"), 1);
  EXPECT_TRUE(host_.announcements().empty());
}

}  // namespace
}  // namespace xvnet::test
