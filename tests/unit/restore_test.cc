// SPDX-License-Identifier: BSD-2-Clause
//
// The desired state: `save` reads it from the records, and `restore` brings it about again.
#include <algorithm>

#include "fixture.h"

namespace xvnet::test {
namespace {

class Restore : public OnFakeHost {
 protected:
  Restore() {
    host_.add_nic("eth0");
    host_.add_veth("veth0", "far0");
  }

  DesiredState saved() {
    host_.start_process();
    auto instance = Instance::open_for_reading(host_);
    EXPECT_TRUE(instance);
    auto state = instance->desired_state();
    EXPECT_TRUE(state) << state.error().message;
    return *state;
  }

  void make_everything() {
    must(add_uplink(uplink_with("eth0", {10, 20, 30})));
    auto lab = network("lab");
    lab.host_addresses = {"10.5.0.1/24", "2001:db8::1/64"};
    lab.ageing_s = 60;
    must(add_network(lab));
    auto port = on_vlan("tap0", 10);
    port.mac = Mac{2, 0, 0, 0, 0, 1};
    port.owner = "1000";
    port.queues = 4;
    port.mtu = 1400;
    port.max_macs = 7;
    port.guest_offloads = false;
    must(attach(port));
    must(attach(in_network("tap1", "lab")));
    auto container = on_vlan("veth0", 20);
    container.mode = Mode::kTc;
    must(attach(container));
  }

  // Restores the state and returns the outcome, with the failures of single objects.
  Outcome restored(const DesiredState& state, const std::string& device = {}) {
    return must([&](Instance& instance) { return instance.restore(state, device); });
  }

  static std::set<std::string> without_numbers(const FakeHost& host) {
    return take_snapshot(host).lines;
  }
};

TEST_F(Restore, OfAnEmptyStateChangesNothing) {
  const DesiredState state = saved();
  EXPECT_TRUE(state.uplinks.empty() && state.networks.empty() && state.ports.empty());
}

TEST_F(Restore, RestoresWhatDownRemoved) {
  make_everything();
  const DesiredState state = saved();
  const auto before = without_numbers(host_);
  must(down());
  EXPECT_NE(without_numbers(host_), before);
  must(restore(state));
  EXPECT_EQ(without_numbers(host_), before);
}

TEST_F(Restore, RepeatedChangesNothing) {
  make_everything();
  must_do_nothing(restore(saved()));
}

TEST_F(Restore, ImplicitNetworkIsNotSaved) {
  must(attach(on_vlan("tap0", 10)));
  const DesiredState state = saved();
  EXPECT_TRUE(state.networks.empty());
  ASSERT_EQ(state.ports.size(), 1U);
  EXPECT_EQ(state.ports[0].vid, 10);
}

TEST_F(Restore, WarnsAboutMissingDevices) {
  make_everything();
  const DesiredState state = saved();
  must(down());
  host_.remove("veth0");
  host_.remove("eth0");
  const Outcome outcome = must(restore(state));
  EXPECT_EQ(outcome.warnings.size(), 2U);
  EXPECT_TRUE(view_of("tap0"));
  EXPECT_FALSE(host_.has("veth0"));
}

TEST_F(Restore, OfOneDeviceDoesNotChangeTheOthers) {
  make_everything();
  const DesiredState state = saved();
  must(down());
  const Outcome outcome = must(restore(state, "veth0"));
  EXPECT_TRUE(outcome.warnings.empty());
  EXPECT_TRUE(view_of("veth0"));
  EXPECT_FALSE(view_of("tap0"));
}

TEST_F(Restore, KeepsDifferingObjectsAndRestoresTheOthers) {
  make_everything();
  DesiredState state = saved();
  must(detach("tap1"));
  state.ports.back().vid = 30;  // the last port is veth0
  state.networks.front().ageing_s = 61;
  state.ports.insert(state.ports.begin(), on_vlan("new0", 10));
  const Outcome outcome = restored(state);
  ASSERT_EQ(outcome.failures.size(), 2U);
  EXPECT_NE(outcome.failures[0].message.find("\"lab\""), std::string::npos);
  EXPECT_NE(outcome.failures[0].message.find("differs"), std::string::npos);
  EXPECT_NE(outcome.failures[1].message.find("\"veth0\": it is attached with other settings"),
            std::string::npos);
  EXPECT_TRUE(view_of("new0"));
  EXPECT_EQ(view_of("tap1")->network, "lab");
  EXPECT_EQ(view_of("veth0")->vid, 20);
  EXPECT_TRUE(host_.device("veth0").link.is_up);
  EXPECT_EQ(network_view("lab")->ageing_s, 60U);
}

// udev runs `restore --device` when a TAP appears, possibly after changes that were not saved.
TEST_F(Restore, OfADeviceDoesNotChangeOtherNetworks) {
  make_everything();
  must(add_network(vlan_network("blue", 30)));
  DesiredState state = saved();
  must(detach("veth0"));
  auto change = network("blue");
  change.ageing_s = 60;
  must(set_network(change));
  const Outcome outcome = restored(state, "veth0");
  EXPECT_TRUE(outcome.failures.empty() && outcome.warnings.empty());
  EXPECT_TRUE(view_of("veth0"));
}

TEST_F(Restore, OfADeviceAcceptsADifferingNetwork) {
  make_everything();
  DesiredState state = saved();
  must(detach("tap1"));
  auto change = network("lab");
  change.ageing_s = 100;
  must(set_network(change));
  const Outcome outcome = restored(state, "tap1");
  EXPECT_TRUE(outcome.failures.empty());
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_NE(outcome.warnings[0].find("\"lab\": it exists and differs"), std::string::npos);
  EXPECT_EQ(view_of("tap1")->state, DeviceState::kUp);
  EXPECT_EQ(network_view("lab")->ageing_s, 100U);
}

TEST_F(Restore, OfADeviceMakesOnlyItsOwnNetwork) {
  make_everything();
  must(add_network(vlan_network("blue", 30)));
  const DesiredState state = saved();
  must(down());
  restored(state, "tap1");
  EXPECT_TRUE(network_view("lab"));
  EXPECT_FALSE(network_view("blue"));
  EXPECT_FALSE(uplink_view("eth0"));
}

// An untagged network can only be made once its uplink exists.
TEST_F(Restore, OfAnUplinkRestoresNetworksThatNeedIt) {
  must(add_uplink(uplink("eth0")));
  auto lan = network("lan");
  lan.untagged = true;
  lan.uplink = "eth0";
  must(add_network(lan));
  const DesiredState state = saved();
  must(down());
  restored(state, "eth0");
  EXPECT_EQ(network_view("lan")->uplink, "eth0");
}

// The port was moved after the state was saved. Then its VM was restarted.
TEST_F(Restore, RecreatedDeviceStaysInItsCurrentNetwork) {
  make_everything();
  must(attach(on_vlan("tap2", 10)));
  const DesiredState state = saved();
  auto moved = in_network("tap2", "lab");
  moved.replace = true;
  must(attach(moved));
  host_.remove("tap2");
  host_.add_tap("tap2");
  const auto outcome = restored(state, "tap2");
  EXPECT_EQ(outcome.failures.size(), 0U);
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_NE(outcome.warnings.front().find("it stays in network \"lab\""), std::string::npos);
  const auto ports = saved().ports;
  const auto port = std::ranges::find(ports, "tap2", &PortRequest::device);
  ASSERT_NE(port, ports.end());
  EXPECT_EQ(port->network, "lab");
}

TEST_F(Restore, SetsDownADeviceThatCannotBeAttached) {
  host_.add_tap("tap9").link.is_up = true;
  DesiredState state;
  state.ports = {in_network("tap9", "none")};
  const Outcome outcome = restored(state, "tap9");
  ASSERT_EQ(outcome.failures.size(), 1U);
  EXPECT_NE(outcome.failures[0].message.find("network \"none\" does not exist"), std::string::npos);
  EXPECT_FALSE(host_.device("tap9").link.is_up);
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_NE(outcome.warnings[0].find("\"tap9\": it was set down"), std::string::npos);
}

TEST_F(Restore, ReportsAForwardOfAMissingNetwork) {
  DesiredState state;
  ForwardRequest forward;
  forward.network = "none";
  forward.outside = {0xcb007105};
  forward.inside = {0x0a000007};
  state.forwards = {forward};
  const Outcome outcome = restored(state, "");
  ASSERT_EQ(outcome.failures.size(), 1U);
  EXPECT_NE(outcome.failures[0].message.find("network \"none\" does not exist"), std::string::npos);
}

TEST_F(Restore, DoesNotSetDownDevicesOfTheHost) {
  must(add_uplink(uplink("eth0")));
  host_.add_nic("eth1").addresses = {"192.0.2.1/24"};
  host_.add_tap("tap9").link.is_up = true;
  host_.device("tap9").link.master = host_.device("eth1").link.ifindex;
  DesiredState state;
  for (const char* device : {"eth0", "eth1", "tap9"})
    state.ports.push_back(in_network(device, "none"));
  EXPECT_EQ(restored(state).failures.size(), 3U);
  for (const char* device : {"eth0", "eth1", "tap9"})
    EXPECT_TRUE(host_.device(device).link.is_up) << device;
}

// After any failure, each object is either complete or unchanged.
TEST_F(Restore, OneFailureAffectsOneObject) {
  make_everything();
  const DesiredState state = saved();
  must(down());
  for (int n = 1;; ++n) {
    must(down());
    host_.fail_at(n);
    const auto outcome =
        run(host_, [&](Instance& instance) { return instance.restore(state, {}); });
    const bool was_hit = host_.was_hit();
    host_.heal();
    if (!was_hit) break;
    if (!outcome) continue;  // restore failed before the first object
    EXPECT_TRUE(view_of("tap0") || view_of("veth0")) << "at change " << n;
    EXPECT_TRUE(host_.is_settled()) << "at change " << n;
    must(restore(state));
    EXPECT_TRUE(view_of("tap0") && view_of("tap1") && view_of("veth0")) << "at change " << n;
  }
}

TEST_F(Restore, RenamedDeviceIsSavedByItsCurrentName) {
  make_everything();
  host_.device("veth0").link.name = "vm7";
  host_.device("eth0").link.name = "wan0";
  const DesiredState state = saved();
  EXPECT_EQ(state.uplinks.front().device, "wan0");
  EXPECT_EQ(state.ports.back().device, "vm7");
  EXPECT_EQ(state.ports.back().vid, 20);
}

TEST_F(Restore, SwappedNamesAreSavedWithTheRightNetworks) {
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("tap1", 20)));
  Link& first = host_.device("tap0").link;
  Link& second = host_.device("tap1").link;
  std::swap(first.name, second.name);
  const DesiredState state = saved();
  ASSERT_EQ(state.ports.size(), 2U);
  EXPECT_EQ(state.ports[0].device, "tap0");
  EXPECT_EQ(state.ports[0].vid, 20);
  EXPECT_EQ(state.ports[1].vid, 10);
}

TEST_F(Restore, PortWithoutItsDeviceIsSavedToo) {
  make_everything();
  host_.remove("veth0");
  EXPECT_EQ(saved().ports.size(), 3U);
}

}  // namespace
}  // namespace xvnet::test
