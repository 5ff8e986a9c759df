// SPDX-License-Identifier: BSD-2-Clause
//
// A port is an access port: frames that a VM tags itself are dropped, with every form of tag.
#include <linux/if_ether.h>

#include "lab.h"
#include "metadata_tagger.h"

namespace xvnet::test {
namespace {

struct Form {
  std::string name;
  std::vector<VlanTag> tags;  // innermost first
};

std::vector<Form> tagged_forms() {
  return {
      {"own VID", {{.vid = 10}}},
      {"VID of another network", {{.vid = 20}}},
      {"unowned VID", {{.vid = 999, .pcp = 7}}},
      {"VID 4095", {{.vid = 4095}}},
      {"802.1ad own VID", {{.vid = 10, .tpid = ETH_P_8021AD}}},
      {"802.1ad VID 0", {{.vid = 0, .tpid = ETH_P_8021AD}}},
      {"802.1Q in 802.1Q", {{.vid = 20}, {.vid = 10}}},
      {"802.1Q in 802.1ad", {{.vid = 20}, {.vid = 10, .tpid = ETH_P_8021AD}}},
      {"802.1ad in 802.1Q", {{.vid = 20, .tpid = ETH_P_8021AD}, {.vid = 10}}},
      {"behind a priority tag", {{.vid = 20}, {.vid = 0, .pcp = 5}}},
      {"802.1ad behind a priority tag", {{.vid = 20, .tpid = ETH_P_8021AD}, {.vid = 0}}},
      {"two priority tags", {{.vid = 0}, {.vid = 0}}},
      {"three tags", {{.vid = 20}, {.vid = 10}, {.vid = 10}}},
  };
}

Frame in_form(Frame frame, const Form& form) {
  for (const VlanTag& tag : form.tags) frame = frame.tagged(tag);
  return frame;
}

class Access : public InMode {
 protected:
  // Adds every place to which a frame of tenant 10 could leak.
  void surround() {
    uplink("eth0");
    lab.listen_to_host();
    vm_in_vlan("tap1", 10);
    vm_in_vlan("tap2", 20);
  }
};
XVNET_IN_BOTH_MODES(Access);

TEST_P(Access, DropsEveryTaggedFormFromATap) {
  surround();
  Tap& a = vm_in_vlan("tap0", 10);
  uint64_t sent = 0;
  for (const Form& form : tagged_forms()) {
    for (const std::string& to : {std::string(kBroadcast), kMacUnknown}) {
      const Frame frame = in_form(udp4(Ends::between(kMacA, to)), form);
      a.send(frame);
      EXPECT_EQ(lab.where(frame), (Places{})) << form.name;
      EXPECT_EQ(lab.host.drops("tap0", "from_vm", "vlan_tagged"), ++sent) << form.name;
    }
  }
  EXPECT_EQ(lab.host.packets("tap0", "from_vm"), 0u);
}

TEST_P(Access, DropsTaggedPartialAndTsoFrames) {
  surround();
  Tap& a = vm_in_vlan("tap0", 10);
  const Ends ends = Ends::between(kMacA, kBroadcast);
  uint64_t sent = 0;
  for (const Frame& frame : {leave_partial(tcp4(ends)), leave_partial(udp6(ends)),
                             tso4(ends, 20000, 1400), tso6(ends, 20000, 1400)}) {
    a.send(frame.tagged(20));
    EXPECT_EQ(lab.where(frame), (Places{}));
    EXPECT_EQ(lab.host.drops("tap0", "from_vm", "vlan_tagged"), ++sent);
  }
}

TEST_P(Access, AcceptsAPriorityTag) {
  surround();
  Tap& a = vm_in_vlan("tap0", 10);
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame.tagged({.vid = 0, .pcp = 3}));
  EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
  EXPECT_EQ(lab.host.all_drops("tap0", "from_vm"), 0u);
}

TEST_P(Access, DropsATruncatedTag) {
  surround();
  Tap& a = vm_in_vlan("tap0", 10);
  const Frame whole = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
  for (size_t length = ETH_HLEN; length < ETH_HLEN + 4; ++length) {
    Frame frame = whole;
    frame.bytes.resize(length);
    a.send(frame);
  }
  lab.ears.flush();
  for (const char* place : {"tap1", "tap2", "wire:eth0", "host"}) {
    EXPECT_TRUE(lab.ears.all(place).empty()) << place;
  }
  // In tc mode, the kernel itself drops such a frame when it parses the tag.
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "truncated"), mode() == "xdp" ? 4u : 0u);
}

TEST_P(Access, DropsEveryTaggedFormFromAVeth) {
  surround();
  PacketSocket& a = lab.add_container("veth0", with_mode({"--vlan", "10"}));
  uint64_t sent = 0;
  for (const Form& form : tagged_forms()) {
    const Frame frame = in_form(udp4(Ends::between(kMacA, kBroadcast)), form);
    a.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{})) << form.name;
    EXPECT_EQ(lab.host.drops("veth0", "from_vm", "vlan_tagged"), ++sent) << form.name;
  }
}

// Native XDP cannot see a tag in metadata, so such a sender needs tc mode.
class AccessInMetadata : public ::testing::Test {
 protected:
  AccessInMetadata() {
    lab.add_uplink("eth0");
    lab.listen_to_host();
    lab.add_vm("tap1", {"--vlan", "10"});
    lab.add_vm("tap2", {"--vlan", "20"});
    sender = &lab.add_container("veth0", {"--vlan", "10", "--mode", "tc"});
  }

  Lab lab;
  PacketSocket* sender;
};

TEST_F(AccessInMetadata, DropsATagInMetadata) {
  uint64_t sent = 0;
  for (const uint16_t type : {ETH_P_8021Q, ETH_P_8021AD}) {
    for (const int vid : {10, 20, 4095}) {
      const VlanTag tag{.vid = static_cast<uint16_t>(vid), .tpid = type};
      const MetadataTagger tagger(sender->ns(), sender->dev(), tag);
      const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
      sender->send(frame);
      EXPECT_EQ(lab.where(frame), (Places{})) << vid;
      EXPECT_EQ(lab.host.drops("veth0", "from_vm", "vlan_tagged"), ++sent) << vid;
    }
  }
}

TEST_F(AccessInMetadata, DropsATagInMetadataWithAnotherInTheFrame) {
  const MetadataTagger tagger(sender->ns(), sender->dev(), {.vid = 0, .pcp = 5});
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
  sender->send(frame);
  EXPECT_EQ(lab.where(frame), (Places{}));
  EXPECT_EQ(lab.host.drops("veth0", "from_vm", "vlan_tagged"), 1u);
}

TEST_F(AccessInMetadata, AcceptsAPriorityTagInMetadata) {
  const MetadataTagger tagger(sender->ns(), sender->dev(), {.vid = 0, .pcp = 5});
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  sender->send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
  EXPECT_EQ(lab.at("tap1", frame).bytes, frame.bytes);
  EXPECT_EQ(lab.at("wire:eth0", frame).bytes, frame.tagged({.vid = 10, .pcp = 5}).bytes);
}

}  // namespace
}  // namespace xvnet::test
