// SPDX-License-Identifier: BSD-2-Clause
//
// Checks the test support against the kernel itself: a Linux bridge and veth pairs.
#include <gtest/gtest.h>
#include <linux/if_ether.h>

#include <filesystem>

#include "cli.h"
#include "everywhere.h"
#include "link.h"
#include "metadata_tagger.h"

namespace xvnet::test {
namespace {

using Places = std::set<std::string>;

constexpr const char* kMacA = "02:00:00:00:0a:01";
constexpr const char* kMacB = "02:00:00:00:0b:01";

std::vector<Frame> all_kinds(const Ends& ends) {
  return {udp4(ends),
          udp6(ends),
          tcp4(ends),
          tcp6(ends),
          icmp4_echo(ends),
          icmp6_echo(ends),
          arp_request(ends),
          neighbour_solicitation(ends),
          tcp6_behind_extensions(ends),
          udp4_fragment(ends, FragmentPart::kFirst),
          udp4_fragment(ends, FragmentPart::kLast),
          vxlan(ends, tcp4(ends), OuterChecksum::kComplete),
          vxlan(ends, tcp6(ends), OuterChecksum::kZero),
          of_ethertype(ends, kTestEthertype),
          stp_bpdu(kMacA),
          lldp(kMacA),
          pause_frame(kMacA)};
}

TEST(Frame, EveryKindIsCompleteAndCarriesItsMarker) {
  for (const Frame& frame : all_kinds(Ends())) {
    EXPECT_EQ(checksum_problems(frame.bytes), "");
    EXPECT_TRUE(contains(frame.bytes, frame.marker));
    EXPECT_EQ(checksum_problems(frame.tagged(10).tagged(20).bytes), "");
  }
}

TEST(Frame, MarkersDiffer) { EXPECT_NE(udp4(Ends()).marker, udp4(Ends()).marker); }

TEST(Frame, OneChangedBitIsAChecksumProblem) {
  for (Frame frame :
       {udp4(Ends()), tcp6(Ends()), icmp4_echo(Ends()), icmp6_echo(Ends()),
        tcp6_behind_extensions(Ends()), vxlan(Ends(), tcp4(Ends()), OuterChecksum::kZero)}) {
    frame.bytes.back() ^= 0x10;
    EXPECT_NE(checksum_problems(frame.bytes), "");
  }
}

TEST(Frame, PartialChecksumIsWrongUntilCompleted) {
  for (const Frame& frame : {udp4(Ends()), udp6(Ends()), tcp4(Ends()), tcp6(Ends())}) {
    const Frame partial = leave_partial(frame).tagged(VlanTag{.vid = 10});
    EXPECT_NE(checksum_problems(partial.bytes), "");
    EXPECT_EQ(checksum_problems(partial.finished().bytes), "");
  }
}

TEST(Frame, CompletingTheInnerTcpCorrectsTheOuterUdp) {
  for (const auto outer : {OuterChecksum::kZero, OuterChecksum::kComplete}) {
    const Frame complete = vxlan(Ends(), tcp4(Ends()), outer);
    const Frame partial = leave_partial(complete, Transport::kInnerOfVxlan);
    EXPECT_NE(checksum_problems(partial.bytes), "");
    EXPECT_EQ(partial.finished().bytes, complete.bytes);
  }
}

TEST(Frame, TagsNestOutermostLast) {
  const Frame frame = udp4(Ends())
                          .tagged({.vid = 7, .pcp = 5, .dei = true})
                          .tagged(VlanTag{.vid = 3, .tpid = ETH_P_8021AD});
  EXPECT_EQ(get_be16(frame.bytes, 12), ETH_P_8021AD);
  EXPECT_EQ(get_be16(frame.bytes, 14), 3);
  EXPECT_EQ(get_be16(frame.bytes, 16), ETH_P_8021Q);
  EXPECT_EQ(get_be16(frame.bytes, 18), 0xb007);
  EXPECT_EQ(get_be16(frame.bytes, 20), ETH_P_IP);
}

TEST(NetNs, CanBeEnteredByNameAndIsRemovedAfterwards) {
  std::string path;
  {
    const NetNs ns;
    path = ns.path();
    const auto shown = run_command({"nsenter", "--net=" + path, "ip", "-br", "link"});
    EXPECT_TRUE(shown.ok()) << shown.describe();
    EXPECT_NE(shown.out.find("lo"), std::string::npos);
    EXPECT_TRUE(is_up(ns, "lo"));
    EXPECT_FALSE(exists(ns, "eth0"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Command, KeepsOutputAndExitCode) {
  const auto result = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(Link, FeaturesAreSetAndRead) {
  const NetNs ns;
  add_veth(ns, "a", ns, "b");
  EXPECT_TRUE(feature(ns, "a", "rx-vlan-offload"));
  set_feature(ns, "a", "rx-vlan-offload", false);
  EXPECT_FALSE(feature(ns, "a", "rx-vlan-offload"));
  prepare_far_end(ns, "b");
  EXPECT_TRUE(feature(ns, "b", "generic-receive-offload"));
}

// A bridge with two TAPs and a wire as ports, and the host's stack.
class OnBridge : public ::testing::Test {
 protected:
  OnBridge() {
    host.must({"ip", "link", "add", "br0", "type", "bridge", "stp_state", "0"});
    add_veth(host, "eth0", outside, "wire");
    for (const char* tap : {"tap0", "tap1"}) {
      host.must({"ip", "tuntap", "add", tap, "mode", "tap", "vnet_hdr"});
    }
    for (const char* port : {"tap0", "tap1", "eth0"}) {
      host.must({"ip", "link", "set", port, "master", "br0"});
      set_up(host, port);
    }
    prepare_far_end(outside, "wire");
    set_up(outside, "wire");
    set_up(host, "br0");
    a = std::make_unique<Tap>(host, "tap0");
    b = std::make_unique<Tap>(host, "tap1");
    wire = std::make_unique<PacketSocket>(outside, "wire");
    ears.add("a", *a);
    ears.add("b", *b);
    ears.add("wire", *wire, host, "eth0");
    ears.add_stack("host", host);
    // The bridge forwards at once, because a port has no listening state without STP.
  }

  NetNs host;
  NetNs outside;
  std::unique_ptr<Tap> a;
  std::unique_ptr<Tap> b;
  std::unique_ptr<PacketSocket> wire;
  Everywhere ears;
};

TEST_F(OnBridge, UnknownDestinationIsFloodedExceptToItsSender) {
  const Frame frame = udp4(Ends::between(kMacA, kMacB));
  a->send(frame);
  ears.flush();
  EXPECT_EQ(ears.places(frame.marker), (Places{"b", "wire"}));
  EXPECT_EQ(ears.seen("b", frame.marker).at(0).bytes, frame.bytes);
}

TEST_F(OnBridge, ABroadcastReachesTheStackToo) {
  const Frame frame = arp_request(Ends::between(kMacA, kBroadcast));
  wire->send(frame);
  ears.flush();
  EXPECT_EQ(ears.places(frame.marker), (Places{"a", "b", "host"}));
}

TEST_F(OnBridge, LearnedDestinationIsTheOnlyReceiver) {
  b->send(udp4(Ends::between(kMacB, kMacA)));
  const Frame frame = udp6(Ends::between(kMacA, kMacB));
  a->send(frame);
  ears.flush();
  EXPECT_EQ(ears.places(frame.marker), (Places{"b"}));
}

TEST_F(OnBridge, ControlFramesStayAtTheHost) {
  for (const Frame& frame : {pause_frame(kMacA), lldp(kMacA)}) {
    a->send(frame);
    ears.flush();
    EXPECT_FALSE(ears.places(frame.marker).contains("b"));
    EXPECT_FALSE(ears.places(frame.marker).contains("wire"));
  }
}

TEST_F(OnBridge, KernelCompletesPartialWithoutOffloads) {
  const Frame frame = leave_partial(tcp4(Ends::between(kMacA, kMacB)));
  a->send(frame);
  ears.flush();
  const Received got = ears.seen("b", frame.marker).at(0);
  EXPECT_FALSE(got.partial());
  EXPECT_EQ(got.bytes, frame.finished().bytes);
}

TEST_F(OnBridge, ReaderWithOffloadsGetsThePartialChecksum) {
  b->set_offloads(kGuestOffloads);
  const Frame frame = leave_partial(tcp6(Ends::between(kMacA, kMacB)));
  a->send(frame);
  ears.flush();
  for (const char* place : {"b", "wire"}) {
    const Received got = ears.seen(place, frame.marker).at(0);
    EXPECT_TRUE(got.partial()) << place;
    EXPECT_EQ(got.finished(), frame.finished().bytes) << place;
  }
}

TEST_F(OnBridge, TsoFrameIsSegmentedWithoutOffloads) {
  const Frame frame = tso4(Ends::between(kMacA, kMacB), 20000, 1400);
  a->send(frame);
  ears.flush();
  EXPECT_EQ(ears.seen("b", frame.marker).size(), 15u);
  size_t total = 0;
  for (const Received& got : ears.seen("b", frame.marker)) {
    EXPECT_EQ(checksum_problems(got.finished()), "");
    total += tcp_payload(got.bytes).size();
  }
  EXPECT_EQ(total, 20000u);
  const auto on_wire = ears.seen("wire", frame.marker);
  ASSERT_EQ(on_wire.size(), 1u);
  EXPECT_TRUE(on_wire[0].gso());
  EXPECT_EQ(on_wire[0].finished(), frame.finished().bytes);
}

TEST_F(OnBridge, SendToATapThatIsDownFails) {
  set_down(host, "tap0");
  EXPECT_EQ(a->try_send(udp4(Ends())), EIO);
  ears.flush();
}

TEST_F(OnBridge, TagInMetadataIsInsertedAgain) {
  const MetadataTagger tagger(outside, "wire", {.vid = 10, .pcp = 3});
  const Frame frame = udp4(Ends::between(kMacA, kMacB));
  wire->send(frame);
  ears.flush();
  const Frame expected = frame.tagged({.vid = 10, .pcp = 3});
  EXPECT_EQ(ears.seen("a", frame.marker).at(0).bytes, expected.bytes);
}

TEST_F(OnBridge, ForeignXdpProgramIsAttached) {
  const ForeignXdp foreign(host, "eth0");
  EXPECT_EQ(link_info(host, "eth0").at("xdp").at("prog").at("id"), foreign.program_id());
}

TEST(PacketSocket, ReceivesTagsInMetadataAsOnTheWire) {
  const NetNs near;
  const NetNs far;
  add_veth(near, "a", far, "b");
  set_up(near, "a");
  set_up(far, "b");
  const MetadataTagger tagger(near, "a", {.vid = 42, .dei = true, .tpid = ETH_P_8021AD});
  PacketSocket sender(near, "a");
  PacketSocket ear(far, "b");
  Everywhere ears;
  ears.add("b", ear, near, "a");
  const Frame frame = leave_partial(udp6(Ends()));
  sender.send(frame);
  ears.flush();
  const Received got = ears.seen("b", frame.marker).at(0);
  const Frame expected = frame.tagged({.vid = 42, .dei = true, .tpid = ETH_P_8021AD});
  EXPECT_TRUE(got.tag_from_metadata);
  EXPECT_TRUE(got.partial());
  EXPECT_EQ(got.bytes, expected.bytes);
  EXPECT_EQ(got.finished(), expected.finished().bytes);
}

TEST(PacketSocket, ReceivesOutgoingFramesOnlyOnRequest) {
  const NetNs ns;
  add_veth(ns, "a", ns, "b");
  set_up(ns, "a");
  set_up(ns, "b");
  await_ready(ns, "a");
  PacketSocket sender(ns, "a");
  SocketOptions options;
  options.outgoing = true;
  PacketSocket with_own(ns, "a", options);
  const Frame frame = udp4(Ends());
  sender.send(frame);
  EXPECT_TRUE(eventually([&] {
    const auto got = with_own.receive();
    return got && got->outgoing && contains(got->bytes, frame.marker);
  }));
  while (const auto got = sender.receive()) EXPECT_FALSE(contains(got->bytes, frame.marker));
}

TEST(Tap, TwelveByteHeaderAndNoHeaderCarryTheSameFrame) {
  const NetNs ns;
  for (const int header : {0, 10, 12}) {
    const std::string name = "tap" + std::to_string(header);
    Tap tap(ns, name, {.vnet_header = header, .create_missing = true});
    set_up(ns, name);
    Everywhere ears;
    PacketSocket host(ns, name);
    ears.add("vm", tap);
    const Frame up = udp4(Ends());
    const Frame down = udp6(Ends());
    tap.send(up);
    EXPECT_EQ(host.receive().value().bytes, up.bytes);
    host.send(down);
    ears.flush();
    EXPECT_EQ(ears.seen("vm", down.marker).at(0).bytes, down.bytes);
  }
}

}  // namespace
}  // namespace xvnet::test
