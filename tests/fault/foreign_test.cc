// SPDX-License-Identifier: BSD-2-Clause
//
// XDP programs of other owners on xvnet's devices, attached before or after xvnet's. Neither owner
// may evict the other, and the one that comes second gets an error. tests/net also tests programs
// that were attached before.
#include <optional>

#include "lab.h"
#include "metadata_tagger.h"
#include "pins.h"

namespace xvnet::test {
namespace {

class ForeignPrograms : public ::testing::Test {
 protected:
  void make(const std::string& mode) {
    lab.add_uplink("eth0", {"--mode", mode});
    lab.add_vm("tap0", {"--vlan", "10", "--mode", mode});
    lab.add_vm("tap1", {"--vlan", "10", "--mode", mode});
  }

  void expect_carries() {
    const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
    const Frame tagged = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
    lab.vm("tap0").send(frame);
    lab.vm("tap0").send(tagged);
    EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
    EXPECT_EQ(lab.where(tagged), Places{});
  }

  std::optional<int> program_on(const std::string& dev) const {
    const auto info = link_info(lab.ns(), dev);
    if (!info.contains("xdp")) return std::nullopt;
    return info.at("xdp").at("prog").at("id").get<int>();
  }

  Lab lab;
};

TEST_F(ForeignPrograms, ProgramAfterXvnetsXdpCannotAttach) {
  make("xdp");
  for (const char* dev : {"eth0", "tap0"}) {
    const auto own = program_on(dev);
    ASSERT_TRUE(own) << dev;
    // Tries a BPF link, and netlink as `ip link set dev DEV xdp` does.
    EXPECT_THROW(ForeignXdp(lab.ns(), dev), SetupError) << dev;
    EXPECT_FALSE(lab.ns().run({"ip", "link", "set", "dev", dev, "xdp", "off"}).ok()) << dev;
    EXPECT_FALSE(lab.ns()
                     .run({"ip", "-force", "link", "set", "dev", dev, "xdp", "pinned",
                           own_pins(lab.host.instance()) + "/progs/xdp_from_vm"})
                     .ok())
        << dev;
    EXPECT_EQ(program_on(dev), own) << dev;
  }
  expect_carries();
  lab.host.must({"doctor"});
}

TEST_F(ForeignPrograms, ProgramAfterXvnetsTcRunsFirstAndStays) {
  make("tc");
  const ForeignXdp uplink(lab.ns(), "eth0");
  const ForeignXdp port(lab.ns(), "tap0");
  expect_carries();
  lab.host.must({"attach", "tap0", "--vlan", "10", "--mode", "tc"});
  const CommandResult refused =
      lab.host.xvnet({"attach", "tap0", "--vlan", "10", "--mode", "xdp", "--replace"});
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(error_problems(refused, {"tap0", "test_program", "hint: "}), "");
  expect_carries();
  lab.host.down();
  EXPECT_EQ(program_on("eth0"), uplink.program_id());
}

// Tests `--shared-xdp` on a kernel without freplace programs or without a libxdp that fits it.
TEST_F(ForeignPrograms, SharingIsRefusedOnKernelsWithoutFreplace) {
  lab.add_wire("eth0");
  const Words args = {"uplink", "add", "eth0", "--mode", "xdp", "--shared-xdp"};
  const CommandResult result = lab.host.xvnet(args);
  if (result.ok()) GTEST_SKIP() << "this kernel shares XDP: see SharedXdp of tests/net";
  EXPECT_EQ(result.exit_code, kKernelCannot) << result.describe();
  EXPECT_EQ(error_problems(result, {"eth0", "this kernel does not", "hint: use --mode tc"}), "");
  EXPECT_EQ(program_on("eth0"), std::nullopt);
  EXPECT_TRUE(lab.host.uplink("eth0").is_null());
  lab.host.uplink_add("eth0");
}

}  // namespace
}  // namespace xvnet::test
