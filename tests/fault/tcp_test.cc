// SPDX-License-Identifier: BSD-2-Clause
//
// A long TCP transfer between two hosts with segmentation and checksum offload, while both hosts
// are upgraded repeatedly. XVNET_FAULT_ROUNDS sets the number of upgrades.
#include <gtest/gtest.h>

#include <optional>

#include "cable.h"
#include "cli.h"
#include "link.h"
#include "pins.h"
#include "transfer.h"
#include "variable.h"

namespace xvnet::test {
namespace {

constexpr std::uint64_t kBytes = 64 << 20;
constexpr std::uint64_t kLongestFrame = 1518;  // without segmentation offload

std::uint64_t segments_sent_again(const NetNs& ns) {
  const auto counters =
      nlohmann::json::parse(ns.must({"nstat", "-j", "-asz", "TcpRetransSegs"}).out);
  return counters.at("kernel").at("TcpRetransSegs");
}

struct PortKind {
  const char* name;
  const char* mode;
  bool is_vm;  // false: a container
};

// Prints the port kind's name in a failure message.
void PrintTo(const PortKind& kind, std::ostream* out) { *out << kind.name; }

// A namespace behind a port of VLAN 10. Its interface is "eth0".
class TcpEnd {
 public:
  TcpEnd(const Host& host, const std::string& address) {
    if (GetParam().is_vm)
      plug_in_vm(host);
    else
      plug_in_container(host);
    add_address(ns, "eth0", address);
    set_up(ns, "eth0");
    await_ready(ns, "eth0");
    for (const char* name : {"tcp-segmentation-offload", "tx-checksumming"})
      EXPECT_TRUE(feature(ns, "eth0", name)) << name;
    // TCP must retransmit only what the peer's acknowledgements show as lost, and not because a
    // busy machine is slow.
    ns.must({"ip", "route", "change", "10.0.0.0/24", "dev", "eth0", "rto_min", "30s"});
    EXPECT_TRUE(ns.set_sysctl("net.ipv4.tcp_early_retrans", "0"));
    // Less data may be in flight than the shortest queue holds: the 256 frames of a veth that runs
    // XDP.
    EXPECT_TRUE(ns.set_sysctl("net.ipv4.tcp_rmem", "4096 131072 131072"));
  }

  const NetNs ns;

 private:
  static const PortKind& GetParam() { return ::testing::TestWithParam<PortKind>::GetParam(); }

  static void attach(const Host& host) {
    host.attach("port", {"--vlan", "10", "--mode", GetParam().mode});
  }

  void plug_in_container(const Host& host) {
    add_veth(host.ns(), "port", ns, "eth0");
    attach(host);
  }

  void plug_in_vm(const Host& host) {
    attach(host);
    const TapOptions options{.offloads = kGuestOffloads};
    outer_.emplace(host.ns(), "port", options);
    ns.must({"ip", "tuntap", "add", "dev", "eth0", "mode", "tap", "vnet_hdr"});
    inner_.emplace(ns, "eth0", options);
    cable_.emplace(*outer_, *inner_);
  }

  std::optional<Tap> outer_;
  std::optional<Tap> inner_;
  std::optional<Cable> cable_;
};

class Tcp : public ::testing::TestWithParam<PortKind> {
 protected:
  Tcp() {
    add_veth(one.ns(), "eth0", two.ns(), "eth0");
    for (const Host* host : {&one, &two}) {
      set_up(host->ns(), "eth0");
      host->uplink_add("eth0", {"--mode", GetParam().mode});
    }
    sender.emplace(one, "10.0.0.1/24");
    receiver.emplace(two, "10.0.0.2/24");
  }

  void expect_no_drops() const {
    for (const Host* host : {&one, &two})
      for (const char* direction : {"from_vm", "to_vm"})
        EXPECT_EQ(host->all_drops("port", direction), 0U) << direction;
  }

  void expect_long_frames() const {
    const auto carried = one.stats("port").at("from_vm");
    const auto bytes = carried.at("bytes").get<std::uint64_t>();
    EXPECT_GT(bytes / carried.at("packets").get<std::uint64_t>(), kLongestFrame);
  }

  const Host one;
  const Host two;
  std::optional<TcpEnd> sender;
  std::optional<TcpEnd> receiver;
};
// Containers with XDP are left out. Between veths, the kernel loses a segment now and then, with
// and without upgrades. It also turns segmentation offload off for a veth whose other end runs XDP.
INSTANTIATE_TEST_SUITE_P(Between, Tcp,
                         ::testing::Values(PortKind{"VmsByTc", "tc", true},
                                           PortKind{"VmsByXdp", "xdp", true},
                                           PortKind{"ContainersByTc", "tc", false}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(Tcp, LosesNoSegmentDuringUpgrades) {
  Transfer transfer(sender->ns, receiver->ns, "10.0.0.2");
  for (int round = 0; round < upgrade_rounds(); round++) {
    for (const Host* host : {&one, &two}) {
      forge_build(host->instance(), "build " + std::to_string(round));
      host->must({"upgrade"});
    }
  }
  EXPECT_TRUE(
      eventually([&] { return transfer.received().bytes >= kBytes; }, std::chrono::minutes(5)));
  transfer.finish();
  EXPECT_EQ(transfer.received().bytes, transfer.sent().bytes);
  EXPECT_EQ(transfer.received().checksum, transfer.sent().checksum);
  for (const auto* end : {&sender, &receiver}) EXPECT_EQ(segments_sent_again((*end)->ns), 0U);
  expect_no_drops();
  expect_long_frames();
}

}  // namespace
}  // namespace xvnet::test
