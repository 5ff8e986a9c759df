// SPDX-License-Identifier: BSD-2-Clause
//
// On a kernel without tcx, a clsact filter and its pin are two objects, and either can be lost
// alone.
#include "fixture.h"

namespace xvnet::test {
namespace {

class Filter : public OnFakeKernel, public testing::WithParamInterface<FilterPart> {
 protected:
  Filter() {
    kernel_.add_nic("eth0").addresses = {"198.51.100.1/24"};
    must(add_uplink(uplink("eth0")));
    must(add_network(with_snat(tenant("green", 40), {"auto"})));
    must(attach(in_network("tap0", "green")));
  }
  void lose(const std::string& device, Hook hook) { kernel_.leave(device, hook, GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Left, Filter, testing::Values(FilterPart::kFilter, FilterPart::kPin),
                         [](const auto& left) {
                           return left.param == FilterPart::kFilter ? "Filter" : "Pin";
                         });

// The repair must not detach and attach the port again, because its NAT mappings would be lost.
TEST_P(Filter, OfAPortIsRepairedInPlace) {
  const Snapshot before = take_snapshot(kernel_);
  lose("tap0", Hook::kTcIngress);
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kIncomplete);
  EXPECT_TRUE(must(attach(in_network("tap0", "green"))).changed);
  EXPECT_EQ(difference(before, take_snapshot(kernel_)), "");
  EXPECT_FALSE(was_done(kernel_, "erase interfaces tap0"));
  EXPECT_TRUE(is_live("tap0", Hook::kTcIngress));
  // A port whose filter is still in place is always filtered, so it need not go down.
  EXPECT_EQ(was_done(kernel_, "set_up tap0 false"), GetParam() == FilterPart::kPin);
}

TEST_P(Filter, OfAnUplinkIsRepairedInPlace) {
  const Snapshot before = take_snapshot(kernel_);
  lose("eth0", Hook::kTcIngress);
  lose("eth0", Hook::kTcEgress);
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(difference(before, take_snapshot(kernel_)), "");
  EXPECT_FALSE(was_done(kernel_, "erase interfaces eth0"));
}

TEST_P(Filter, GoesWithItsPort) {
  lose("tap0", Hook::kTcIngress);
  must(detach("tap0"));
  EXPECT_FALSE(kernel_.device("tap0").link.is_up);
  EXPECT_EQ(kernel_.attachment(kernel_.device("tap0").link.ifindex, Hook::kTcIngress),
            Attachment::kNone);
}

// A device of another kind now has the ifindex, so the pin belongs to the previous device.
TEST_P(Filter, OfADeviceOfAnotherKindIsNoRepair) {
  if (GetParam() == FilterPart::kFilter) GTEST_SKIP() << "a filter goes with its device";
  lose("tap0", Hook::kTcIngress);
  kernel_.device("tap0").link.kind = LinkKind::kVeth;
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kSevered);
  must(attach(in_network("tap0", "green")));
  EXPECT_TRUE(was_done(kernel_, "erase interfaces tap0"));
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kUp);
}

TEST_P(Filter, AFailedRepairChangesNothing) {
  if (GetParam() == FilterPart::kFilter) GTEST_SKIP() << "a pin that is put back stays";
  kernel_.device("tap0").link.is_up = false;
  lose("tap0", Hook::kTcIngress);
  const Snapshot before = take_snapshot(kernel_);
  for (int n = 1;; ++n) {
    kernel_.fail_at(n);
    const auto outcome = run(kernel_, attach(in_network("tap0", "green")));
    if (!kernel_.was_hit()) break;
    EXPECT_FALSE(outcome) << "at change " << n;
    EXPECT_EQ(difference_but_safer(before, take_snapshot(kernel_)), "") << "at change " << n;
  }
}

TEST_F(OnFakeKernel, ARenamedDeviceWhoseFilterHasNoPinIsSetDownByDetach) {
  must(attach(on_vlan("tap0", 10)));
  kernel_.leave("tap0", Hook::kTcIngress, FilterPart::kFilter);
  kernel_.device("tap0").link.name = "vm7";
  must(detach("vm7"));
  EXPECT_FALSE(kernel_.device("vm7").link.is_up);
  EXPECT_TRUE(kernel_.pins().empty());
}

}  // namespace
}  // namespace xvnet::test
