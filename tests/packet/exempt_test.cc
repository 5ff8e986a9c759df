// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/nat/exempt.h: red reaches the remotes in 192.0.2.0/29, which includes kPeerIp,
// without SNAT. kOtherPeerIp is outside that prefix. nat_fixture.h describes the hosts and
// addresses.
#include <linux/if_ether.h>

#include "link.h"
#include "nat_fixture.h"

namespace xvnet::test {
namespace {

constexpr const char* kRouterIp = "198.51.100.9";  // in neither prefix

class SnatExempt : public NatFixture {
 protected:
  SnatExempt() {
    rig_.set_snat_exception(kRed, "192.0.2.0", "10.0.0.0", 29);
    rig_.set_address(kRed, "10.0.0.1", "a", test::mac_of("a"));
  }
  // A frame from the peer to a VM's own address.
  Frame to_inside(Protocol protocol, const std::string& peer = kPeerIp,
                  const std::string& inside = "10.0.0.1") {
    return in(protocol, kInsidePort, peer, kPeerPort, inside);
  }
  static Frame with_macs(const Frame& frame, const std::string& to, const std::string& from) {
    Frame out = with_ttl(frame, static_cast<uint8_t>(frame.bytes.at(kIpOffset + 8) - 1));
    const auto target = parse_mac(to);
    const auto source = parse_mac(from);
    std::ranges::copy(target, out.bytes.begin());
    std::ranges::copy(source, out.bytes.begin() + ETH_ALEN);
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, SnatExempt, tc_alone(), hook_name);

TEST_P(SnatExempt, RequestAndReplyAreNotTranslated) {
  for (const Protocol protocol : kAllProtocols) {
    const Frame frame = out(protocol);
    EXPECT_EQ(from_vm("a", frame),
              forwarded(with_macs(frame, kGatewayMacText, test::mac_of("a")), "a", "up"));
    const Frame answer = to_inside(protocol);
    EXPECT_EQ(from_uplink(answer),
              forwarded(with_macs(answer, test::mac_of("a"), kGatewayMacText), "up", "a"));
  }
  EXPECT_TRUE(rig_.tables().nat_slots.keys().empty());
}

TEST_P(SnatExempt, OtherDestinationsAreTranslated) {
  EXPECT_EQ(leaves_as(out_to(kOtherPeerIp, kPeerPort))->src_ip, kPublicIp);
  const Frame stray = to_inside(Protocol::kUdp, kOtherPeerIp);
  EXPECT_EQ(from_uplink(stray), left(stray));
}

// Blue has the same addresses but no exception.
TEST_P(SnatExempt, OtherNetworksAreTranslated) {
  EXPECT_EQ(leaves_as(out(Protocol::kUdp, "d"), "d")->src_ip, kPublicIp);
}

TEST_P(SnatExempt, SpoofedSourceIsDropped) {
  const Frame frame = out(Protocol::kUdp, "a", "10.0.0.2");
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "SOURCE_SPOOFED"));
}

TEST_P(SnatExempt, UnassignedInsideAddressIsUnreachable) {
  const Frame frame = to_inside(Protocol::kUdp, kPeerIp, "10.0.0.6");
  EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "HOST_UNREACHABLE"));
}

TEST_P(SnatExempt, IcmpErrorFromAnyRouterReachesTheVm) {
  Frame error = icmp_error(kRouterIp, "10.0.0.1", 3, 4, out(Protocol::kUdp).bytes);
  std::ranges::copy(parse_mac(uplink_mac()), error.bytes.begin());
  std::ranges::copy(parse_mac(test::mac_of("wire")), error.bytes.begin() + ETH_ALEN);
  EXPECT_EQ(from_uplink(error),
            forwarded(with_macs(error, test::mac_of("a"), kGatewayMacText), "up", "a"));
  Frame other = icmp_error(kRouterIp, "10.0.0.1", 3, 4, out_to(kOtherPeerIp, kPeerPort).bytes);
  std::ranges::copy(error.bytes.begin(), error.bytes.begin() + kIpOffset, other.bytes.begin());
  EXPECT_EQ(from_uplink(other), left(other));
}

TEST_P(SnatExempt, NetworkWithoutSnatIsNotReachable) {
  auto network = rig_.tables().networks.find(kRed).value();
  network.flags &= ~uint16_t{abi::NETWORK_NAT};
  rig_.tables().networks.put(kRed, network);
  const Frame frame = to_inside(Protocol::kUdp);
  EXPECT_EQ(from_uplink(frame), left(frame));
}

}  // namespace
}  // namespace xvnet::test
