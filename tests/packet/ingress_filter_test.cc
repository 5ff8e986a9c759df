// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/ingress_filter.h drops frames that must never be forwarded, whatever their
// destination.
#include <linux/if_ether.h>

#include <cstdio>

#include "pipeline_fixture.h"

namespace xvnet::test {
namespace {

class IngressFilter : public Pipeline {
 protected:
  static Ends from_wire_to(const std::string& mac) { return Ends::between(mac_of("wire"), mac); }
};
INSTANTIATE_TEST_SUITE_P(Hooks, IngressFilter, both_hooks(), hook_name);

std::vector<std::string> link_local_addresses() {
  std::vector<std::string> addresses = {"01:00:0c:cc:cc:cc", "01:00:0c:cc:cc:cd"};
  for (int last = 0; last < 0x10; ++last) {
    char text[18];
    std::snprintf(text, sizeof(text), "01:80:c2:00:00:%02x", last);
    addresses.push_back(text);
  }
  return addresses;
}

const std::vector<std::string> kBadSources = {"01:00:5e:00:00:01", "33:33:00:00:00:01", kBroadcast,
                                              "03:00:00:00:00:01", "00:00:00:00:00:00"};

TEST_P(IngressFilter, TaggedFrameFromVmIsDropped) {
  const Frame plain = tcp4(between("a", "b"));
  const Frame tagged_forms[] = {
      plain.tagged(kRedVid),
      plain.tagged(kBlueVid),
      plain.tagged(kHostsVid),
      plain.tagged(1),
      plain.tagged(4095),
      plain.tagged({.vid = kRedVid, .pcp = 7, .dei = true}),
      plain.tagged({.vid = 0, .tpid = ETH_P_8021AD}),
      plain.tagged({.vid = kRedVid, .tpid = ETH_P_8021AD}),
      plain.tagged(kBlueVid).tagged(kRedVid),
      plain.tagged(kBlueVid).tagged({.vid = kRedVid, .tpid = ETH_P_8021AD}),
  };
  for (const Frame& frame : tagged_forms) {
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "VLAN_TAGGED"));
  }
}

// A receiver that strips the priority tag would see the inner tag as the outer one.
TEST_P(IngressFilter, TagBehindAPriorityTagIsDropped) {
  for (const VlanTag& inner :
       {VlanTag{.vid = kBlueVid}, VlanTag{.vid = 0}, VlanTag{.vid = 0, .pcp = 5},
        VlanTag{.vid = kBlueVid, .tpid = ETH_P_8021AD}}) {
    const Frame frame = tcp4(between("a", "b")).tagged(inner).tagged({.vid = 0, .pcp = 5});
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "VLAN_TAGGED")) << inner.vid;
  }
}

TEST_P(IngressFilter, PriorityTagFromVmIsAccepted) {
  const Frame frame = tcp4(between("a", "b"));
  EXPECT_EQ(from_vm("a", frame.tagged({.vid = 0, .pcp = 5})), forwarded(frame, "a", "b"));
  EXPECT_EQ(from_vm("a", frame.tagged({.vid = 0})), forwarded(frame, "a", "b"));
}

TEST_P(IngressFilter, MulticastOrZeroSourceFromVmIsDropped) {
  for (const std::string& source : kBadSources) {
    const Frame frame = tcp4(Ends::between(source, mac_of("b")));
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "BAD_SOURCE_MAC")) << source;
    EXPECT_EQ(learnt_at(kRed, source), "") << source;
  }
}

TEST_P(IngressFilter, MulticastOrZeroSourceFromTheWireIsDropped) {
  for (const std::string& source : kBadSources) {
    const Frame frame = tcp4(Ends::between(source, mac_of("a"))).tagged(kRedVid);
    EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "BAD_SOURCE_MAC")) << source;
    EXPECT_EQ(learnt_at(kRed, source), "") << source;
  }
}

TEST_P(IngressFilter, UntaggedBadSourceFromTheWireIsPassedToTheHost) {
  for (const std::string& source : kBadSources) {
    const Frame frame = tcp4(Ends::between(source, mac_of("e")));
    EXPECT_EQ(from_uplink(frame), left(frame)) << source;
    EXPECT_EQ(from_uplink(frame.tagged({.pcp = 3})), left(frame.tagged({.pcp = 3}))) << source;
    EXPECT_EQ(learnt_at(kPlain, source), "") << source;
  }
}

TEST_P(IngressFilter, UnicastSourceIsAccepted) {
  for (const std::string source : {"00:00:00:00:00:01", "fe:ff:ff:ff:ff:ff", "02:00:00:00:00:00"}) {
    const Frame frame = tcp4(Ends::between(source, mac_of("b")));
    EXPECT_EQ(from_vm("a", frame), forwarded(frame, "a", "b")) << source;
  }
}

TEST_P(IngressFilter, ControlFrameFromVmIsDropped) {
  for (const std::string& address : link_local_addresses()) {
    const Frame frame = arp_request(Ends::between(mac_of("a"), address));
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "LINK_LOCAL_CONTROL")) << address;
  }
  for (const Frame& frame : {stp_bpdu(mac_of("a")), lldp(mac_of("a")), pause_frame(mac_of("a"))}) {
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "LINK_LOCAL_CONTROL"));
  }
}

TEST_P(IngressFilter, PauseFrameToAUnicastMacIsDropped) {
  const Frame frame = of_ethertype(between("a", "b"), ETH_P_PAUSE);
  EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "LINK_LOCAL_CONTROL"));
  const Frame priority = frame.tagged({.vid = 0, .pcp = 7});
  EXPECT_EQ(from_vm("a", priority), dropped(priority, "a from", "LINK_LOCAL_CONTROL"));
}

TEST_P(IngressFilter, AddressesNextToTheLinkLocalRangeAreForwarded) {
  for (const std::string address :
       {"01:80:c2:00:00:10", "01:80:c2:00:01:00", "01:80:c2:01:00:00", "01:80:c3:00:00:00",
        "01:81:c2:00:00:00", "01:00:0c:cc:cc:cb", "01:00:0c:cc:cc:ce", "01:00:0c:cc:cd:cc",
        "03:80:c2:00:00:00"}) {
    const Frame frame = arp_request(Ends::between(mac_of("a"), address));
    const Outcome flooded = {
        Verdict::kRedirect,
        frame.bytes,
        {{"a from carried", 1}, {"b to carried", 1}, {"c to carried", 1}, {"up to carried", 1}}};
    EXPECT_EQ(from_vm("a", frame), only_tc(frame, flooded)) << address;
  }
}

TEST_P(IngressFilter, UntaggedControlFrameFromTheWireGoesToTheHost) {
  for (const std::string& address : link_local_addresses()) {
    const Frame frame = arp_request(from_wire_to(address));
    EXPECT_EQ(from_uplink(frame), left(frame)) << address;
    const Frame priority = frame.tagged({.vid = 0, .pcp = 7});
    EXPECT_EQ(from_uplink(priority), left(priority)) << address;
  }
  for (const Frame& frame :
       {stp_bpdu(mac_of("wire")), lldp(mac_of("wire")), pause_frame(mac_of("wire"))}) {
    EXPECT_EQ(from_uplink(frame), left(frame));
  }
  const Frame to_a_port = of_ethertype(between("wire", "e"), ETH_P_PAUSE);
  EXPECT_EQ(from_uplink(to_a_port), left(to_a_port));
}

TEST_P(IngressFilter, ControlFrameInATenantsVlanIsDropped) {
  for (const std::string& address : link_local_addresses()) {
    const Frame frame = arp_request(from_wire_to(address)).tagged(kRedVid);
    EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "LINK_LOCAL_CONTROL")) << address;
  }
  const Frame pause = of_ethertype(between("wire", "a"), ETH_P_PAUSE).tagged(kRedVid);
  EXPECT_EQ(from_uplink(pause), dropped(pause, "up from", "LINK_LOCAL_CONTROL"));
}

TEST_P(IngressFilter, DroppedFrameIsNotLearned) {
  const std::string source = mac_of("new");
  from_vm("a", tcp4(Ends::between(source, mac_of("b"))).tagged(kRedVid));
  from_vm("a", lldp(source));
  from_uplink(lldp(source).tagged(kRedVid));
  from_uplink(lldp(source));
  EXPECT_EQ(learnt_at(kRed, source), "");
  EXPECT_EQ(learnt_at(kPlain, source), "");
}

}  // namespace
}  // namespace xvnet::test
