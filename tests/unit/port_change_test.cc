// SPDX-License-Identifier: BSD-2-Clause
//
// `attach --replace` changes only what differs. The VM's link stays up, and its mappings and
// sessions stay.
#include "fixture.h"

namespace xvnet::test {
namespace {

constexpr Mac kGuest{0x02, 0, 0, 0, 0, 0x77};

struct Edit {
  const char* name;
  std::function<void(PortRequest&)> change;
};

class ReplaceInPlace : public OnFakeHost, public testing::WithParamInterface<Edit> {
 protected:
  ReplaceInPlace() {
    host_.add_nic("eth0").addresses = {"198.51.100.1/24"};
    must(add_uplink(uplink("eth0")));
    must(add_network(with_dhcp(with_snat(tenant("green", 40), {"auto"}))));
    request_ = in_network("tap0", "green");
    request_.mac = Mac{0x02, 0, 0, 0, 0, 1};
    must(attach(request_));
    request_.replace = true;
  }

  // Records the guest's MAC as learned in the slot.
  void learn(std::uint32_t slot) {
    const auto ifindex = host_.device("tap0").link.ifindex;
    const auto owner = key();
    auto learner = learned();
    std::memcpy(&learner.slots[slot], kGuest.data(), kGuest.size());
    host_.fake_table(TableId::kLearners).set(to_bytes(owner), to_bytes(learner));
    const abi::fdb_entry entry{.ifindex = ifindex, .slot = slot, .last_seen_ns = 1};
    host_.fake_table(TableId::kFdb).set(to_bytes(guest()), to_bytes(entry));
  }
  abi::learner_key key() { return {network_view("green")->id, host_.device("tap0").link.ifindex}; }
  abi::learner learned() {
    return from_bytes<abi::learner>(host_.fake_table(TableId::kLearners).raw().at(to_bytes(key())));
  }
  abi::fdb_key guest() {
    abi::fdb_key guest{.network = network_view("green")->id, .mac = {}, .pad = 0};
    std::memcpy(guest.mac, kGuest.data(), kGuest.size());
    return guest;
  }
  bool is_known() { return host_.fake_table(TableId::kFdb).raw().contains(to_bytes(guest())); }

  PortRequest request_;
};

TEST_P(ReplaceInPlace, ChangesNothingElseOfThePort) {
  learn(0);
  GetParam().change(request_);
  EXPECT_TRUE(must(attach(request_)).changed);
  for (const char* line : {"set_up tap0 false", "set_up tap0 true", "detach tap0 ingress",
                           "erase interfaces tap0", "erase devices tap0"})
    EXPECT_FALSE(was_done(host_, line)) << line << "\n" << journal_text(host_);
  EXPECT_TRUE(is_known());
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kUp);
  request_.replace = false;
  must_do_nothing(attach(request_));
}

INSTANTIATE_TEST_SUITE_P(
    Of, ReplaceInPlace,
    testing::Values(Edit{"MaxMacs", [](PortRequest& r) { r.max_macs = 9; }},
                    Edit{"MoreMacs", [](PortRequest& r) { r.max_macs = 900; }},
                    Edit{"HostName", [](PortRequest& r) { r.host_name = "shop"; }},
                    Edit{"Mac", [](PortRequest& r) { r.mac = Mac{2, 0, 0, 0, 0, 9}; }},
                    Edit{"NoMac", [](PortRequest& r) { r.mac.reset(); }},
                    Edit{"Addresses", [](PortRequest& r) { r.ips = {*parse_ipv4("10.0.0.9")}; }},
                    Edit{"AnotherAddress",
                         [](PortRequest& r) {
                           r.ips = {*parse_ipv4("10.0.0.2"), *parse_ipv4("10.0.0.9")};
                         }},
                    Edit{"Allowed", [](PortRequest& r) { r.allowed = {*parse_ipv4("10.0.0.9")}; }},
                    Edit{"Mtu", [](PortRequest& r) { r.mtu = 1400; }},
                    Edit{"All",
                         [](PortRequest& r) {
                           r.mtu = 1400;
                           r.max_macs = 9;
                           r.host_name = "shop";
                           r.mac = Mac{2, 0, 0, 0, 0, 9};
                         }}),
    [](const auto& edit) { return edit.param.name; });

class PortChange : public ReplaceInPlace {};
INSTANTIATE_TEST_SUITE_P(Once, PortChange, testing::Values(Edit{"It", {}}));

TEST_P(PortChange, LowerMacLimitRemovesExcessMacs) {
  learn(20);
  request_.max_macs = 9;
  must(attach(request_));
  EXPECT_FALSE(is_known());
  EXPECT_EQ(learned().limit, 9U);
}

TEST_P(PortChange, AnAddressOfAnotherPortIsRefused) {
  must(attach(in_network("tap1", "green")));
  request_.ips = {*parse_ipv4("10.0.0.2"), *parse_ipv4("10.0.0.3")};
  host_.device("tap1").link.has_carrier = true;
  refused(attach(request_), ErrorKind::kFailed, "10.0.0.3");
}

TEST_P(PortChange, AnotherNetworkInterruptsTheLink) {
  must(add_network(vlan_network("blue", 50)));
  request_.network = "blue";
  request_.max_macs = 9;
  must(attach(request_));
  EXPECT_TRUE(was_done(host_, "set_up tap0 false"));
  EXPECT_EQ(view_of("tap0")->network, "blue");
}

}  // namespace
}  // namespace xvnet::test
