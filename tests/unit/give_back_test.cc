// SPDX-License-Identifier: BSD-2-Clause
//
// Detach, down and a failed attach restore every device setting that xvnet changed. A setting that
// the operator changed meanwhile stays.
#include "fixture.h"

namespace xvnet::test {
namespace {

constexpr Noise kQuiet{.has_arp = false, .has_ipv6 = false, .address_mode = 3};

struct Before {
  std::string name;
  Noise noise;
  std::uint32_t mtu = 1500;
};

PortRequest of_mtu(PortRequest request, std::uint32_t mtu) {
  request.mtu = mtu;
  return request;
}

class ReleaseDevice : public OnFakeHost, public testing::WithParamInterface<Before> {
 protected:
  void SetUp() override {
    Link& link = host_.add_tap("tap0").link;
    link.noise = GetParam().noise;
    link.mtu = GetParam().mtu;
  }
};

TEST_P(ReleaseDevice, DetachRestoresTheSettings) {
  const Snapshot before = take_snapshot(host_);
  for (const std::uint32_t mtu : {9000u, 1000u, 1500u}) {
    must(attach(of_mtu(on_vlan("tap0", 10), mtu)));
    EXPECT_EQ(host_.device("tap0").link.mtu, mtu);
    EXPECT_TRUE(host_.device("tap0").link.is_silent());
    must(detach("tap0"));
    EXPECT_EQ(difference(before, take_snapshot(host_)), "") << mtu;
  }
}

TEST_P(ReleaseDevice, DownRestoresTheSettings) {
  const Snapshot before = take_snapshot(host_);
  must(attach(of_mtu(on_vlan("tap0", 10), 1400)));
  must(down());
  EXPECT_EQ(difference(before, take_snapshot(host_)), "");
}

TEST_P(ReleaseDevice, FailedAttachRestoresTheSettings) {
  for (const std::uint32_t mtu : {9000u, 1000u}) {
    for (int step = 1;; ++step) {
      must(down());
      const Snapshot before = take_snapshot(host_);
      host_.fail_at(step);
      const auto outcome = run(host_, attach(of_mtu(on_vlan("tap0", 10), mtu)));
      host_.heal();
      if (outcome) break;
      must(down());
      EXPECT_EQ(difference(before, take_snapshot(host_)), "") << "step " << step;
    }
  }
}

TEST_P(ReleaseDevice, DownAfterAKilledAttachRestoresTheSettings) {
  for (int step = 1;; ++step) {
    must(down());
    const Snapshot before = take_snapshot(host_);
    host_.die_at(step);
    const auto outcome = run(host_, attach(of_mtu(on_vlan("tap0", 10), 1000)));
    host_.heal();
    must(down());
    EXPECT_EQ(difference(before, take_snapshot(host_)), "") << "step " << step;
    if (outcome) break;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Detach, ReleaseDevice,
    testing::Values(
        Before{"KernelsDefaults", Noise{}}, Before{"EverythingOff", kQuiet},
        Before{"Ipv6Off", {.has_arp = true, .has_ipv6 = false, .address_mode = 0}},
        Before{"NoArp", {.has_arp = false, .has_ipv6 = true, .address_mode = 2}},
        Before{"NoLinkLocal", {.has_arp = true, .has_ipv6 = true, .address_mode = kNoAddress}},
        Before{"Silent", kSilence},
        Before{"OtherMtu", {.has_arp = true, .has_ipv6 = true, .address_mode = 3}, 1300},
        Before{"SmallMtu", {.has_arp = true, .has_ipv6 = std::nullopt, .address_mode = 0}, 1000}),
    [](const auto& test) { return test.param.name; });

class ReleasedDevice : public OnFakeHost {};

TEST_F(ReleasedDevice, KeepsTheOperatorsChanges) {
  host_.add_tap("tap0").link.noise = kQuiet;
  must(attach(of_mtu(on_vlan("tap0", 10), 1400)));
  Link& link = host_.device("tap0").link;
  link.mtu = 1450;
  link.noise = {.has_arp = true, .has_ipv6 = true, .address_mode = 2};
  must(detach("tap0"));
  EXPECT_EQ(host_.device("tap0").link.mtu, 1450u);
  EXPECT_EQ(host_.device("tap0").link.noise,
            (Noise{.has_arp = true, .has_ipv6 = true, .address_mode = 2}));
}

TEST_F(ReleasedDevice, GetsItsMtuFromBeforeTheFirstAttach) {
  host_.add_tap("tap0").link.mtu = 1300;
  must(attach(of_mtu(on_vlan("tap0", 10), 1400)));
  auto request = of_mtu(on_vlan("tap0", 10), 1450);
  request.replace = true;
  must(attach(request));
  must(detach("tap0"));
  EXPECT_EQ(host_.device("tap0").link.mtu, 1300u);
}

TEST_F(ReleasedDevice, GetsTheOperatorsMtuFromBeforeTheNextAttach) {
  host_.add_tap("tap0").link.mtu = 1300;
  must(attach(of_mtu(on_vlan("tap0", 10), 1400)));
  host_.device("tap0").link.mtu = 1350;
  auto request = of_mtu(on_vlan("tap0", 10), 1450);
  request.replace = true;
  must(attach(request));
  must(detach("tap0"));
  EXPECT_EQ(host_.device("tap0").link.mtu, 1350u);
}

TEST_F(ReleasedDevice, ReplaceKeepsTheMtuAndTheOriginalSettings) {
  host_.add_tap("tap0").link.mtu = 1300;
  must(attach(of_mtu(on_vlan("tap0", 10), 1400)));
  auto request = on_vlan("tap0", 20);
  request.replace = true;
  must(attach(request));
  EXPECT_EQ(host_.device("tap0").link.mtu, 1400u);
  must(detach("tap0"));
  EXPECT_EQ(host_.device("tap0").link.mtu, 1300u);
}

}  // namespace
}  // namespace xvnet::test
