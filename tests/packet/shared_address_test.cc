// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/gateway/arp.h: red's shared address 10.0.0.100, which a and b may use and c may not. XDP
// leaves all ARP frames of the network to tc.
#include "nat_fixture.h"
#include "pipeline_fixture.h"

namespace xvnet::test {
namespace {

const std::string kShared = "10.0.0.100";

Frame announcement(const std::string& from, const std::string& ip = kShared) {
  Ends ends = Ends::between(mac_of(from), kBroadcast);
  ends.src_ip = ends.dst_ip = ip;
  return arp_request(ends);
}

Frame question(const std::string& from, const std::string& sender, const std::string& target) {
  Ends ends = Ends::between(mac_of(from), kBroadcast);
  ends.src_ip = sender;
  ends.dst_ip = target;
  return arp_request(ends);
}

class SharedAddress : public Pipeline {
 protected:
  SharedAddress() {
    rig_.set_gateway(kRed, "10.0.0.254");
    rig_.set_shared_address(kRed, kShared, {"a", "b"});
  }
  abi::address_entry entry() const {
    return rig_.tables().addresses.find({.network = kRed, .address = address_of(kShared)}).value();
  }
  // The port that holds the address, by its entry.
  std::string owner() const {
    for (const char* port : {"a", "b", "c"})
      if (rig_.ifindex(port) == entry().ifindex) return port;
    return "";
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, SharedAddress, tc_alone(), hook_name);

TEST_P(SharedAddress, BelongsToTheLastAnnouncer) {
  EXPECT_EQ(owner(), "");
  for (const char* port : {"a", "b", "a"}) {
    from_vm(port, announcement(port));
    EXPECT_EQ(owner(), port);
    const abi::address_entry now = entry();
    EXPECT_EQ(mac_text(Bytes(now.seen_mac, now.seen_mac + ETH_ALEN), 0), mac_of(port));
  }
}

TEST_P(SharedAddress, MayBeAnnouncedByAnArpReply) {
  from_vm("a", announcement("a"));
  Frame reply = announcement("b");
  put_be16(reply.bytes, ETH_HLEN + 6, 2);
  from_vm("b", reply);
  EXPECT_EQ(owner(), "b");
}

TEST_P(SharedAddress, CannotBeTakenByAnUnauthorizedPort) {
  from_vm("c", announcement("c"));
  EXPECT_EQ(owner(), "");
  from_vm("a", announcement("a"));
  from_vm("c", announcement("c"));
  EXPECT_EQ(owner(), "a");
}

// A port of another network may have the same address in that network.
TEST_P(SharedAddress, IsLimitedToItsNetwork) {
  rig_.tables().allowed.put({.ifindex = rig_.ifindex("c"), .address = address_of(kShared)}, kBlue);
  from_vm("c", announcement("c"));
  EXPECT_EQ(owner(), "");
}

// An ARP request from the address is no announcement. It takes the address only when no port holds
// it.
TEST_P(SharedAddress, IsNotMovedByAnArpRequest) {
  from_vm("a", question("a", kShared, "10.0.0.9"));
  EXPECT_EQ(owner(), "a");
  from_vm("b", question("b", kShared, "10.0.0.9"));
  EXPECT_EQ(owner(), "a");
}

TEST_P(SharedAddress, ArpRequestGoesOnlyToItsPort) {
  from_vm("a", announcement("a"));
  copies_at("b");
  const Frame asked = question("c", "10.0.0.3", kShared);
  EXPECT_EQ(from_vm("c", asked), forwarded(asked, "c", "a"));
  EXPECT_TRUE(copies_at("b").empty());
}

TEST_P(SharedAddress, AnnouncementIsFlooded) {
  from_vm("b", announcement("b"));
  copies_at("c");
  EXPECT_EQ(from_vm("a", announcement("a")).counted.at("c to carried"), 1u);
}

// An address that belongs to one port stays at that port.
TEST_P(SharedAddress, AnnouncementCannotMoveAnUnsharedAddress) {
  rig_.set_address(kRed, "10.0.0.2", "b", "");
  rig_.tables().allowed.put({.ifindex = rig_.ifindex("a"), .address = address_of("10.0.0.2")},
                            kRed);
  from_vm("a", announcement("a", "10.0.0.2"));
  const auto owned =
      rig_.tables().addresses.find({.network = kRed, .address = address_of("10.0.0.2")}).value();
  EXPECT_EQ(owned.ifindex, rig_.ifindex("b"));
}

// A VM that already holds the address when its port is attached need not announce it again.
class SharedAddressOutside : public NatFixture {
 protected:
  SharedAddressOutside() { rig_.set_shared_address(kRed, kShared, {"a", "b"}); }
};
INSTANTIATE_TEST_SUITE_P(Hooks, SharedAddressOutside, tc_alone(), hook_name);

TEST_P(SharedAddressOutside, BelongsToTheFirstSender) {
  const Frame of_c = out(Protocol::kUdp, "c", kShared);
  EXPECT_EQ(from_vm("c", of_c), dropped(of_c, "c from", "SOURCE_SPOOFED"));
  EXPECT_EQ(from_vm("a", out(Protocol::kUdp, "a", kShared)).counted.at("a from carried"), 1u);
  const Frame of_b = out(Protocol::kUdp, "b", kShared);
  EXPECT_EQ(from_vm("b", of_b), dropped(of_b, "b from", "SOURCE_SPOOFED"));
}

}  // namespace
}  // namespace xvnet::test
