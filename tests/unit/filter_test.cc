// SPDX-License-Identifier: BSD-2-Clause
//
// On a kernel without tcx, a clsact filter and its pin are two objects, and either can be lost
// alone.
#include "fixture.h"

namespace xvnet::test {
namespace {

class ClsactFilter : public OnFakeHost, public testing::WithParamInterface<FilterPart> {
 protected:
  ClsactFilter() {
    host_.add_nic("eth0").addresses = {"198.51.100.1/24"};
    must(add_uplink(uplink("eth0")));
    must(add_network(with_snat(tenant("green", 40), {"auto"})));
    must(attach(in_network("tap0", "green")));
  }
  void lose(const std::string& device, Hook hook) { host_.leave(device, hook, GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Left, ClsactFilter, testing::Values(FilterPart::kFilter, FilterPart::kPin),
                         [](const auto& left) {
                           return left.param == FilterPart::kFilter ? "Filter" : "Pin";
                         });

// The repair must not detach and attach the port again, because its NAT mappings would be lost.
TEST_P(ClsactFilter, OfAPortIsRepairedInPlace) {
  const Snapshot before = take_snapshot(host_);
  lose("tap0", Hook::kTcIngress);
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kIncomplete);
  EXPECT_TRUE(must(attach(in_network("tap0", "green"))).changed);
  EXPECT_EQ(difference(before, take_snapshot(host_)), "");
  EXPECT_FALSE(was_done(host_, "erase interfaces tap0"));
  EXPECT_TRUE(is_live("tap0", Hook::kTcIngress));
  // A port whose filter is still in place is always filtered, so it need not go down.
  EXPECT_EQ(was_done(host_, "set_up tap0 false"), GetParam() == FilterPart::kPin);
}

TEST_P(ClsactFilter, OfAnUplinkIsRepairedInPlace) {
  const Snapshot before = take_snapshot(host_);
  lose("eth0", Hook::kTcIngress);
  lose("eth0", Hook::kTcEgress);
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(difference(before, take_snapshot(host_)), "");
  EXPECT_FALSE(was_done(host_, "erase interfaces eth0"));
}

TEST_P(ClsactFilter, IsRemovedWithItsPort) {
  lose("tap0", Hook::kTcIngress);
  must(detach("tap0"));
  EXPECT_FALSE(host_.device("tap0").link.is_up);
  EXPECT_EQ(host_.attachment(host_.device("tap0").link.ifindex, Hook::kTcIngress),
            Attachment::kNone);
}

// A device of another kind now has the ifindex, so the pin belongs to the previous device.
TEST_P(ClsactFilter, OfADeviceOfAnotherKindIsNotRepaired) {
  if (GetParam() == FilterPart::kFilter) GTEST_SKIP() << "a filter is removed with its device";
  lose("tap0", Hook::kTcIngress);
  host_.device("tap0").link.kind = LinkKind::kVeth;
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kSevered);
  must(attach(in_network("tap0", "green")));
  EXPECT_TRUE(was_done(host_, "erase interfaces tap0"));
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kUp);
}

TEST_P(ClsactFilter, AFailedRepairChangesNothing) {
  if (GetParam() == FilterPart::kFilter) GTEST_SKIP() << "a restored pin stays";
  host_.device("tap0").link.is_up = false;
  lose("tap0", Hook::kTcIngress);
  const Snapshot before = take_snapshot(host_);
  for (int n = 1;; ++n) {
    host_.fail_at(n);
    const auto outcome = run(host_, attach(in_network("tap0", "green")));
    if (!host_.was_hit()) break;
    EXPECT_FALSE(outcome) << "at change " << n;
    EXPECT_EQ(difference_but_safer(before, take_snapshot(host_)), "") << "at change " << n;
  }
}

TEST_F(OnFakeHost, DetachSetsDownARenamedDeviceWithoutAPin) {
  must(attach(on_vlan("tap0", 10)));
  host_.leave("tap0", Hook::kTcIngress, FilterPart::kFilter);
  host_.device("tap0").link.name = "vm7";
  must(detach("vm7"));
  EXPECT_FALSE(host_.device("vm7").link.is_up);
  EXPECT_TRUE(host_.pins().empty());
}

}  // namespace
}  // namespace xvnet::test
