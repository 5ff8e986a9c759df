// SPDX-License-Identifier: BSD-2-Clause
//
// No frame crosses between networks. The test follows Linux's net/forwarding/no_forwarding.sh: it
// sends each kind of frame, with each VID, from each port to each other port, and listens
// everywhere.
#include "lab.h"

namespace xvnet::test {
namespace {

struct Station {
  std::string place;
  std::string mac;
  int vid;     // VID of its network on the wire; 0 without a tagged wire
  Places own;  // places where its frames may come out
};

class Isolation : public InMode {
 protected:
  void SetUp() override {
    wires["eth0"] = &uplink("eth0", {"--vlans", "10,20,30"});
    wires["eth1"] = &uplink("eth1", {"--vlans", "100"});
    lab.host.must({"network", "add", "lab", "--host-address", "10.9.0.1/24"});
    vm_in_vlan("tap0", 10);
    vm_in_vlan("tap1", 20);
    vm_in_vlan("tap2", 30);
    vm("tap3", {"--network", "lab"});
    vm("tap4", {"--untagged", "--uplink", "eth1"});
    lab.add_container("veth0", with_mode({"--vlan", "100"}));
    lab.listen_to_host();
    for (const Station& station : stations) teach(station);
  }

  void send(const Station& from, const Frame& frame) {
    if (from.place == "veth0") {
      lab.container(from.place).send(frame);
    } else {
      lab.vm(from.place).send(frame);
    }
  }

  // Each MAC must be learned, because a leak by FDB lookup is as bad as one by flooding.
  void teach(const Station& station) {
    send(station, udp4(Ends::between(station.mac, kBroadcast)));
    lab.ears.flush();
    lab.ears.forget();
  }

  // Seven kinds of frames. Each one that has a destination address uses the victim's.
  static std::vector<Frame> seven_kinds(const Ends& ends) {
    Ends multicast4 = ends;
    multicast4.dst_mac = "01:00:5e:00:00:fb";
    multicast4.dst_ip = "224.0.0.251";
    Ends multicast6 = ends;
    multicast6.dst_mac = "33:33:00:00:00:fb";
    multicast6.dst_ip6 = "ff02::fb";
    Ends broadcast = ends;
    broadcast.dst_mac = kBroadcast;
    Ends unknown = ends;
    unknown.dst_mac = kMacUnknown;
    return {udp4(ends),       tcp6(ends),          arp_request(broadcast), udp4(multicast4),
            udp6(multicast6), icmp4_echo(unknown), stp_bpdu(ends.src_mac)};
  }

  struct Sent {
    Frame frame;
    int vid;
    Places allowed;
  };

  static Frame under(int vid, const Frame& frame) {
    return vid == 0 ? frame : frame.tagged(static_cast<uint16_t>(vid));
  }

  // The places that may receive a frame from the wire. An untagged frame on eth1 may reach eth1's
  // untagged network and the host. A frame whose VID no network owns may reach the host.
  Places receivers(const std::string& uplink, int vid) const {
    Places allowed;
    for (const Station& station : stations) {
      if (vid != 0 && vid == station.vid && station.own.contains("wire:" + uplink))
        allowed.insert(station.place);
    }
    if (vid == 0 && uplink == "eth1") allowed.insert("tap4");
    if (allowed.empty() || vid == 0) allowed.insert("host");
    return allowed;
  }

  void expect_nowhere_else(const std::vector<Sent>& sent, const std::string& way) {
    lab.ears.flush();
    for (const auto& [frame, vid, allowed] : sent) {
      const Places places = lab.seen_at(frame);
      // A broadcast must come out where it may. That proves that the listeners work and that
      // silence elsewhere comes from the switch.
      if (mac_text(frame.bytes, 0) == kBroadcast) {
        ASSERT_EQ(places, allowed) << way << " with VID " << vid;
      }
      for (const auto& place : places) {
        ASSERT_TRUE(allowed.contains(place))
            << "from " << way << " with VID " << vid << " it came out at " << place;
      }
    }
    lab.ears.forget();
  }

  std::map<std::string, PacketSocket*> wires;
  const std::vector<Station> stations = {
      {"tap0", kMacA, 10, {"wire:eth0"}},
      {"tap1", kMacB, 20, {"wire:eth0"}},
      {"tap2", kMacC, 30, {"wire:eth0"}},
      {"tap3", kMacD, 0, {"host"}},
      {"tap4", "02:00:00:00:04:01", 0, {"wire:eth1", "host"}},
      {"veth0", "02:00:00:00:05:01", 100, {"wire:eth1"}},
  };
  // 0 means untagged. The other fourteen values are VIDs of a tag.
  const std::vector<int> vids = {0,   1,   2,    10,   20,   30,   40,  99,
                                 100, 101, 1000, 2000, 4000, 4094, 4095};
};
XVNET_IN_BOTH_MODES(Isolation);

TEST_P(Isolation, NoFrameOfAVmReachesAnotherNetwork) {
  ASSERT_EQ(vids.size(), 15u);
  for (const Station& from : stations) {
    for (const Station& victim : stations) {
      if (from.place == victim.place) continue;
      std::vector<Sent> sent;
      for (const int vid : vids) {
        for (const Frame& frame : seven_kinds(Ends::between(from.mac, victim.mac))) {
          send(from, under(vid, frame));
          sent.push_back({frame, vid, vid == 0 ? from.own : Places{}});
        }
      }
      expect_nowhere_else(sent, from.place + " to " + victim.place);
    }
  }
}

TEST_P(Isolation, FramesLeaveOnlyWithTheirNetworksVid) {
  for (const Station& from : stations) {
    for (const Frame& frame : seven_kinds(Ends::between(from.mac, kMacUnknown))) {
      send(from, frame);
      lab.ears.flush();
      for (const char* place : {"wire:eth0", "wire:eth1"}) {
        for (const Received& got : lab.ears.seen(place, frame.marker)) {
          const auto vid = static_cast<uint16_t>(from.vid);
          ASSERT_EQ(got.bytes, vid == 0 ? frame.bytes : frame.tagged(vid).bytes) << from.place;
        }
      }
    }
  }
}

TEST_P(Isolation, NoFrameFromTheWireReachesAnotherNetwork) {
  for (const std::string on : {"eth0", "eth1"}) {
    for (const Station& victim : stations) {
      std::vector<Sent> sent;
      for (const int vid : vids) {
        for (const Frame& frame : seven_kinds(Ends::between(kMacWire, victim.mac))) {
          wires[on]->send(under(vid, frame));
          sent.push_back({frame, vid, receivers(on, vid)});
        }
      }
      expect_nowhere_else(sent, on + " to " + victim.place);
    }
  }
}

TEST_P(Isolation, StackedTagsReachOnlyTheOuterTagsNetwork) {
  for (const Station& victim : stations) {
    for (const int inner : {10, 20, 30, 100}) {
      const Frame frame =
          udp4(Ends::between(kMacWire, victim.mac)).tagged(static_cast<uint16_t>(inner));
      wires["eth0"]->send(frame.tagged(20));
      for (const auto& place : lab.where(frame)) ASSERT_EQ(place, "tap1") << inner;
    }
  }
}

TEST_P(Isolation, TsoAndPartialChecksumFramesDoNotCross) {
  for (const Station& from : stations) {
    for (const Station& victim : stations) {
      if (from.place == victim.place) continue;
      for (const std::string& to : {victim.mac, std::string(kBroadcast)}) {
        const Ends ends = Ends::between(from.mac, to);
        for (const Frame& frame : {leave_partial(tcp4(ends)), leave_partial(udp6(ends)),
                                   tso4(ends, 20000, 1400), tso6(ends, 20000, 1400)}) {
          send(from, frame);
          lab.ears.flush();
          for (const auto& place : lab.ears.places(frame.marker)) {
            ASSERT_TRUE(from.own.contains(place)) << from.place << " to " << victim.place;
          }
        }
      }
    }
    lab.ears.forget();
  }
}

}  // namespace
}  // namespace xvnet::test
