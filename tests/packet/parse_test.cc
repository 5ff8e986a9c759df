// SPDX-License-Identifier: BSD-2-Clause
//
// bpf/switch/parse.h reads the Ethernet header and the outer tag, wherever the hook keeps the tag.
//
// No program sees a frame shorter than an Ethernet header: the kernel's test run, TAPs and drivers
// refuse it.
#include <linux/if_ether.h>
#include <sys/utsname.h>

#include <cstdio>
#include <utility>

#include "live_fixture.h"

namespace xvnet::test {
namespace {

class Parse : public Pipeline {};
INSTANTIATE_TEST_SUITE_P(Hooks, Parse, both_hooks(), hook_name);

class ParseLive : public Live {};
INSTANTIATE_TEST_SUITE_P(Hooks, ParseLive, both_hooks(), hook_name);

// A frame of `size` bytes that ends within its tag.
Frame cut_in_tag(const Ends& ends, size_t size) {
  Frame frame = tcp4(ends).tagged(kRedVid);
  frame.bytes.resize(size);
  return frame;
}

TEST_P(Parse, TruncatedTagIsDropped) {
  for (size_t size = ETH_HLEN; size < ETH_HLEN + 4; ++size) {
    const Frame frame = cut_in_tag(between("a", "b"), size);
    EXPECT_EQ(from_vm("a", frame), dropped(frame, "a from", "TRUNCATED")) << size;
  }
}

// The frame is dropped although its network is not known yet. Only a whole tag could show that the
// frame belongs to the host.
TEST_P(Parse, TruncatedTagFromTheWireIsDropped) {
  const Frame frame = cut_in_tag(between("wire", "a"), ETH_HLEN + 2);
  EXPECT_EQ(from_uplink(frame), dropped(frame, "up from", "TRUNCATED"));
}

// A tc test run needs at least one byte of payload.
TEST_P(Parse, FrameOfOnlyAHeaderIsForwarded) {
  Frame frame = of_ethertype(between("a", "b"), kTestEthertype);
  frame.bytes.resize(ETH_HLEN + (on_xdp() ? 0 : 1));
  EXPECT_EQ(from_vm("a", frame), only_tc(frame, forwarded(frame, "a", "b")));
}

TEST_P(Parse, TheNetworkIsReadFromTheTagInTheFrame) {
  const Frame frame = tcp4(between("wire", "a"));
  EXPECT_EQ(from_uplink(frame.tagged(kRedVid)), forwarded(frame, "up", "a"));
}

// The kernel moves the outer tag from the frame into metadata before tc runs.
TEST_P(ParseLive, TheNetworkIsReadFromTheTagInMetadata) {
  attach_all();
  const Frame frame = tcp4(between("wire", "a"));
  send("up", frame.tagged(kRedVid));
  EXPECT_EQ(places(frame), Places{"a"});
  EXPECT_EQ(seen("a", frame), Frames{frame.bytes});
  EXPECT_EQ(counted(), (Counts{{"up from carried", 1}, {"a to carried", 1}}));
}

TEST_P(ParseLive, TagInMetadataFromVmIsDropped) {
  attach_all();
  const Frame frame = tcp4(between("a", "b"));
  send("a", frame.tagged(kRedVid));
  EXPECT_EQ(places(frame), Places{});
  EXPECT_EQ(counted(), (Counts{{"a from VLAN_TAGGED", 1}}));
}

// The 802.1Q tag behind the service tag must not be taken for the outer tag.
TEST_P(ParseLive, OuterServiceTagIsPassedToTheHost) {
  attach_all();
  const Frame frame = tcp4(between("wire", "a")).tagged(kRedVid);
  const Frame service = frame.tagged({.vid = kRedVid, .tpid = ETH_P_8021AD});
  send("up", service);
  EXPECT_EQ(places(frame), Places{"host"});
  EXPECT_EQ(seen("host", frame), Frames{service.bytes});
  EXPECT_EQ(counted(), Counts{});
}

// For a frame longer than a page, a TAP runs XDP on an sk_buff. Before Linux 6.9, the kernel makes
// that one buffer.
bool xdp_sees_several_buffers() {
  utsname name{};
  std::pair<int, int> version;
  uname(&name);
  std::sscanf(name.release, "%d.%d", &version.first, &version.second);
  return version >= std::pair(6, 9);
}

// Most of a long frame is outside the skb's linear part, so the program must pull the headers in.
TEST_P(ParseLive, FrameInSeveralBuffersIsParsed) {
  attach_all();
  const Frame frame = tcp4(between("a", "c"), 8000);
  send("a", frame);
  EXPECT_EQ(places(frame), Places{on_xdp() && xdp_sees_several_buffers() ? "host" : "c"});
}

}  // namespace
}  // namespace xvnet::test
