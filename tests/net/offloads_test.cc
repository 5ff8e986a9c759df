// SPDX-License-Identifier: BSD-2-Clause
//
// Guests with default virtio-net settings send partial checksums and TSO frames. These frames must
// arrive complete and correct at every kind of receiver, in every mix of modes.
#include <algorithm>

#include "lab.h"

namespace xvnet::test {
namespace {

// The modes of the sending port, the receiving ports and the uplink.
struct Modes {
  std::string sender;
  std::string receiver;
  std::string uplink;

  std::string name() const { return sender + "_to_" + receiver + "_by_" + uplink; }
};

void PrintTo(const Modes& modes, std::ostream* out) { *out << modes.name(); }

class Offloads : public ::testing::TestWithParam<Modes> {
 protected:
  Offloads() {
    wire = &lab.add_uplink("eth0", {"--mode", GetParam().uplink});
    const auto in_10 = [](const std::string& mode) {
      return Words{"--vlan", "10", "--mode", mode};
    };
    sender = &lab.add_vm("sender", in_10(GetParam().sender));
    lab.add_vm("full", in_10(GetParam().receiver), {.offloads = kGuestOffloads});
    lab.add_vm("plain", in_10(GetParam().receiver), {.vnet_header = kVnetHeaderWithBuffers});
    lab.add_vm("bare", in_10(GetParam().receiver), {.vnet_header = 0});
    lab.add_container("veth", in_10(GetParam().receiver));
    lab.add_vm("stranger", {"--vlan", "20", "--mode", GetParam().receiver});
  }

  // Makes the network learn that `mac` is at a place.
  void teach(const std::string& place, const std::string& mac) {
    const Frame hello = udp4(Ends::between(mac, kMacA));
    speakers.at(place)(hello);
    lab.ears.flush();
  }

  // Every frame at the place must be correct by itself, and tagged only on the wire.
  std::vector<Bytes> correct_frames(const std::string& place, const Marker& marker) {
    std::vector<Bytes> frames;
    for (const Received& got : lab.ears.seen(place, marker)) {
      const Bytes finished = got.finished();
      EXPECT_EQ(checksum_problems(finished), "") << "at " << place;
      EXPECT_EQ(parse_layers(finished).tags, place == "wire:eth0" ? 1u : 0u) << "at " << place;
      if (place == "wire:eth0") {
        EXPECT_EQ(get_be16(finished, 14), 10);
      }
      EXPECT_TRUE(got.gso() || finished.size() <= 1518u) << finished.size() << " at " << place;
      frames.push_back(finished);
    }
    return frames;
  }

  void expect_whole(const Frame& sent, const std::string& place) {
    const auto frames = correct_frames(place, sent.marker);
    ASSERT_EQ(frames.size(), 1u) << "at " << place;
    const Frame expected = sent.finished();
    EXPECT_EQ(frames[0], place == "wire:eth0" ? expected.tagged(10).bytes : expected.bytes)
        << "at " << place;
  }

  void expect_stream(const Frame& sent, const std::string& place) {
    auto frames = correct_frames(place, sent.marker);
    std::sort(frames.begin(), frames.end(), [](const Bytes& left, const Bytes& right) {
      return tcp_sequence(left) < tcp_sequence(right);
    });
    Bytes stream;
    for (const Bytes& frame : frames) {
      EXPECT_EQ(tcp_sequence(frame), tcp_sequence(sent.bytes) + stream.size()) << "at " << place;
      const Bytes payload = tcp_payload(frame);
      stream.insert(stream.end(), payload.begin(), payload.end());
    }
    EXPECT_TRUE(stream == tcp_payload(sent.bytes))
        << "at " << place << ": " << stream.size() << " bytes in " << frames.size() << " frames";
  }

  std::vector<Frame> partial_frames(const Ends& ends) const {
    const Ends tunnel = Ends::between(kMacC, kMacD);
    return {
        leave_partial(tcp4(ends)),
        leave_partial(tcp6(ends)),
        leave_partial(udp4(ends)),
        leave_partial(udp6(ends)),
        leave_partial(tcp4(ends, 1460)),
        leave_partial(udp6(ends, 1451)),
        leave_partial(tcp6_behind_extensions(ends)),
        leave_partial(vxlan(ends, tcp4(tunnel), OuterChecksum::kZero), Transport::kInnerOfVxlan),
        leave_partial(vxlan(ends, tcp4(tunnel), OuterChecksum::kComplete),
                      Transport::kInnerOfVxlan),
        leave_partial(vxlan(ends, udp6(tunnel), OuterChecksum::kZero), Transport::kInnerOfVxlan),
        leave_partial(vxlan(ends, tcp6(tunnel), OuterChecksum::kZero), Transport::kOuter)};
  }

  std::vector<Frame> complete(const Ends& ends) const {
    const Ends tunnel = Ends::between(kMacC, kMacD);
    return {tcp4(ends),
            tcp6(ends),
            udp4(ends),
            udp6(ends),
            icmp4_echo(ends),
            icmp6_echo(ends),
            tcp6_behind_extensions(ends),
            udp4_fragment(ends, FragmentPart::kFirst),
            udp4_fragment(ends, FragmentPart::kLast),
            vxlan(ends, tcp4(tunnel), OuterChecksum::kZero),
            vxlan(ends, tcp4(tunnel), OuterChecksum::kComplete),
            of_ethertype(ends, kTestEthertype)};
  }

  Lab lab;
  PacketSocket* wire = nullptr;
  Tap* sender = nullptr;
  std::map<std::string, std::function<void(const Frame&)>> speakers;
  const std::vector<std::string> receivers = {"full", "plain", "bare", "veth", "wire:eth0"};
};

TEST_P(Offloads, FloodedPartialChecksumsArriveComplete) {
  for (const Frame& frame : partial_frames(Ends::between(kMacA, kBroadcast))) {
    sender->send(frame);
    const Places everywhere(receivers.begin(), receivers.end());
    EXPECT_EQ(lab.where(frame), everywhere);
    for (const auto& place : receivers) expect_whole(frame, place);
  }
}

TEST_P(Offloads, FloodedCompleteFramesArriveUnmodified) {
  for (const Frame& frame : complete(Ends::between(kMacA, kBroadcast))) {
    sender->send(frame);
    lab.ears.flush();
    for (const auto& place : receivers) expect_whole(frame, place);
    EXPECT_TRUE(lab.ears.seen("stranger", frame.marker).empty());
  }
}

TEST_P(Offloads, FloodedTsoFramesArriveComplete) {
  const Ends ends = Ends::between(kMacA, kBroadcast);
  for (const Frame& frame : {tso4(ends, 20000, 1448), tso6(ends, 60000, 1400)}) {
    sender->send(frame);
    lab.ears.flush();
    for (const auto& place : receivers) expect_stream(frame, place);
    EXPECT_TRUE(lab.ears.seen("stranger", frame.marker).empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Mode, Offloads,
                         ::testing::Values(Modes{"tc", "tc", "tc"}, Modes{"xdp", "xdp", "xdp"},
                                           Modes{"xdp", "tc", "tc"}, Modes{"tc", "xdp", "xdp"},
                                           Modes{"xdp", "xdp", "tc"}, Modes{"xdp", "tc", "xdp"}),
                         [](const auto& info) { return info.param.name(); });

// Sends the same frames to one learned destination, the path of most traffic.
class OffloadsUnicast : public Offloads {
 protected:
  void SetUp() override {
    const std::vector<std::pair<std::string, std::string>> stations = {
        {"full", "02:00:00:00:01:01"},
        {"plain", "02:00:00:00:01:02"},
        {"bare", "02:00:00:00:01:03"},
        {"veth", "02:00:00:00:01:04"},
        {"wire:eth0", "02:00:00:00:01:05"}};
    for (const auto& [place, mac] : stations) macs[place] = mac;
    for (const auto& name : {"full", "plain", "bare"}) {
      speakers[name] = [this, name](const Frame& frame) { lab.vm(name).send(frame); };
    }
    speakers["veth"] = [this](const Frame& frame) { lab.container("veth").send(frame); };
    speakers["wire:eth0"] = [this](const Frame& frame) { wire->send(frame.tagged(10)); };
    for (const auto& [place, mac] : macs) teach(place, mac);
  }

  std::map<std::string, std::string> macs;
};

TEST_P(OffloadsUnicast, PartialChecksumsArriveComplete) {
  for (const auto& [place, mac] : macs) {
    for (const Frame& frame : partial_frames(Ends::between(kMacA, mac))) {
      sender->send(frame);
      EXPECT_EQ(lab.where(frame), Places{place});
      expect_whole(frame, place);
    }
  }
}

TEST_P(OffloadsUnicast, CompleteFramesArriveUnmodified) {
  for (const auto& [place, mac] : macs) {
    for (const Frame& frame : complete(Ends::between(kMacA, mac))) {
      sender->send(frame);
      EXPECT_EQ(lab.where(frame), Places{place});
      expect_whole(frame, place);
    }
  }
}

TEST_P(OffloadsUnicast, TsoFramesArriveComplete) {
  for (const auto& [place, mac] : macs) {
    const Ends ends = Ends::between(kMacA, mac);
    for (const Frame& frame : {tso4(ends, 20000, 1448), tso6(ends, 21000, 1428),
                               tso4(ends, 1500, 700), tso4(ends, 64000, 1448)}) {
      sender->send(frame);
      lab.ears.flush();
      EXPECT_EQ(lab.ears.places(frame.marker), Places{place});
      expect_stream(frame, place);
    }
  }
}

TEST_P(OffloadsUnicast, PartialChecksumsFromTheWireArriveComplete) {
  for (const auto& [place, mac] : macs) {
    if (place == "wire:eth0") continue;
    for (const Frame& frame : partial_frames(Ends::between(kMacWire, mac))) {
      wire->send(frame.tagged(10));
      EXPECT_EQ(lab.where(frame), Places{place});
      expect_whole(frame, place);
    }
    const Frame large = tso4(Ends::between(kMacWire, mac), 20000, 1400);
    wire->send(large.tagged(10));
    lab.ears.flush();
    expect_stream(large, place);
  }
}

TEST_P(OffloadsUnicast, PartialChecksumIsKeptForAGuestWithOffloads) {
  const Frame frame = leave_partial(tcp4(Ends::between(kMacA, macs["full"])));
  sender->send(frame);
  EXPECT_TRUE(lab.at("full", frame).partial());
}

TEST_P(OffloadsUnicast, TsoFrameIsKeptForAGuestWithOffloads) {
  const Frame frame = tso4(Ends::between(kMacA, macs["full"]), 20000, 1448);
  sender->send(frame);
  const Received got = lab.at("full", frame);
  EXPECT_EQ(got.vnet.gso_size, 1448);
  EXPECT_EQ(got.finished(), frame.finished().bytes);
}

INSTANTIATE_TEST_SUITE_P(Mode, OffloadsUnicast,
                         ::testing::Values(Modes{"tc", "tc", "tc"}, Modes{"xdp", "xdp", "xdp"},
                                           Modes{"xdp", "tc", "tc"}, Modes{"tc", "xdp", "xdp"}),
                         [](const auto& info) { return info.param.name(); });

}  // namespace
}  // namespace xvnet::test
