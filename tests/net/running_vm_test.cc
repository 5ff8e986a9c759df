// SPDX-License-Identifier: BSD-2-Clause
//
// A TAP that a VM has open is never deleted, and only its owner may open it.
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <cerrno>

#include "lab.h"

namespace xvnet::test {
namespace {

constexpr uid_t kNobody = 65534;

std::string state_file() { return "/tmp/xvnet-" + unique_suffix() + ".json"; }

class RunningVm : public ::testing::Test {
 protected:
  void SetUp() override {
    lab.add_uplink("eth0");
    lab.host.attach("tap0", {"--vlan", "10"});
    lab.host.attach("tap1", {"--vlan", "10", "--owner", std::to_string(kNobody), "--queues", "4"});
    lab.open_vm("tap0");
    lab.open_vm("tap1", {.multi_queue = true});
    index = ifindex(lab.ns(), "tap0");
    lab.host.must({"save", file});
  }
  void TearDown() override { unlink(file.c_str()); }

  void expect_works() {
    const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
    lab.vm("tap0").send(frame);
    EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
    const Frame back = udp4(Ends::between(kMacB, kBroadcast));
    lab.vm("tap1").send(back);
    EXPECT_EQ(lab.where(back), (Places{"tap0", "wire:eth0"}));
  }
  // `down` or `detach` must report that the TAP is kept. The kept TAP carries no frames.
  void expect_kept(const CommandResult& done, const std::string& name) {
    EXPECT_TRUE(done.ok()) << done.describe();
    EXPECT_NE(done.err.find("\"" + name + "\": not deleted"), std::string::npos) << done.describe();
    ASSERT_TRUE(exists(lab.ns(), name));
    EXPECT_FALSE(is_up(lab.ns(), name));
    EXPECT_EQ(lab.vm(name).try_send(udp4(Ends::between(kMacA, kBroadcast))), EIO);
  }

  Lab lab;
  const std::string file = state_file();
  int index = 0;
};

TEST_F(RunningVm, WorksAfterDownAndRestore) {
  expect_works();
  const CommandResult downed = lab.host.xvnet({"down"});
  expect_kept(downed, "tap0");
  expect_kept(downed, "tap1");
  const CommandResult restored = lab.host.xvnet({"restore", file});
  ASSERT_TRUE(restored.ok()) << restored.describe();
  EXPECT_EQ(ifindex(lab.ns(), "tap0"), index);
  expect_works();
  const std::string before = lab.host.state();
  ASSERT_TRUE(lab.host.xvnet({"restore", file}).ok());
  EXPECT_EQ(lab.host.state(), before);
}

TEST_F(RunningVm, WorksAfterDetachAndAttach) {
  expect_kept(lab.host.xvnet({"detach", "tap0", "--delete"}), "tap0");
  lab.host.attach("tap0", {"--vlan", "10"});
  EXPECT_TRUE(lab.host.xvnet({"detach", "tap1"}).ok());
  lab.host.attach("tap1", {"--vlan", "10", "--owner", std::to_string(kNobody), "--queues", "4"});
  EXPECT_EQ(ifindex(lab.ns(), "tap0"), index);
  expect_works();
}

// A VM may turn the carrier off (TUNSETCARRIER).
TEST_F(RunningVm, IsDetectedWithoutACarrier) {
  int off = 0;
  ASSERT_EQ(ioctl(lab.vm("tap0").fd(), TUNSETCARRIER, &off), 0);
  expect_kept(lab.host.xvnet({"down"}), "tap0");
}

TEST_F(RunningVm, IsDetectedByADetachedQueue) {
  ifreq request{};
  request.ifr_flags = static_cast<short>(IFF_DETACH_QUEUE);
  ASSERT_EQ(ioctl(lab.vm("tap1").fd(), TUNSETQUEUE, &request), 0);
  const CommandResult downed = lab.host.xvnet({"down"});
  EXPECT_NE(downed.err.find("\"tap1\": not deleted"), std::string::npos) << downed.describe();
  EXPECT_TRUE(exists(lab.ns(), "tap1"));
}

TEST_F(RunningVm, IsReportedByDryRun) {
  const CommandResult result = lab.host.xvnet({"--dry-run", "down"});
  EXPECT_TRUE(result.ok()) << result.describe();
  EXPECT_EQ(result.out.find("delete tap"), std::string::npos) << result.describe();
}

// xvnet deletes a TAP that it made once no VM has it open, even if it was kept before.
TEST(StoppedVm, TapIsDeletedByDown) {
  Lab lab;
  const std::string file = state_file();
  lab.host.attach("tap0", {"--vlan", "10"});
  lab.host.must({"save", file});
  {
    const Tap vm(lab.ns(), "tap0");
    lab.host.down();
    ASSERT_TRUE(exists(lab.ns(), "tap0"));
    lab.host.must({"restore", file});
  }
  const CommandResult downed = lab.host.xvnet({"down"});
  EXPECT_EQ(downed.err, "");
  EXPECT_FALSE(exists(lab.ns(), "tap0"));
  unlink(file.c_str());
}

// Returns 0, or the errno of opening a queue of the TAP as `uid`. The device node is opened as
// root, because its mode depends on the host.
int open_as(const NetNs& ns, uid_t uid, const std::string& name, int flags = 0) {
  return ns.in([&] {
    const pid_t child = fork();
    if (child == 0) {
      ifreq request{};
      name.copy(request.ifr_name, sizeof request.ifr_name - 1);
      request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | flags);
      const int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
      if (tun < 0) _exit(errno);
      if (setgroups(0, nullptr) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) _exit(255);
      _exit(ioctl(tun, TUNSETIFF, &request) ? errno : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  });
}

TEST(TapOwner, IsRootByDefault) {
  Lab lab;
  lab.host.attach("tap0", {"--vlan", "10"});
  EXPECT_EQ(open_as(lab.ns(), kNobody, "tap0"), EPERM);
  EXPECT_EQ(open_as(lab.ns(), 0, "tap0"), 0);
  lab.host.attach("tap0", {"--vlan", "10", "--owner", "root"});
}

TEST(TapOwner, IsRootForEveryQueue) {
  Lab lab;
  lab.host.attach("tap0", {"--vlan", "10", "--queues", "4"});
  EXPECT_EQ(open_as(lab.ns(), kNobody, "tap0", IFF_MULTI_QUEUE), EPERM);
  const Tap vm(lab.ns(), "tap0", {.multi_queue = true});
  EXPECT_EQ(open_as(lab.ns(), kNobody, "tap0", IFF_MULTI_QUEUE), EPERM);
  EXPECT_EQ(open_as(lab.ns(), 0, "tap0", IFF_MULTI_QUEUE), 0);
}

TEST(TapOwner, IsTheRequestedUser) {
  Lab lab;
  lab.host.attach("tap0", {"--vlan", "10", "--owner", std::to_string(kNobody)});
  EXPECT_EQ(open_as(lab.ns(), kNobody, "tap0"), 0);
  EXPECT_EQ(open_as(lab.ns(), kNobody - 1, "tap0"), EPERM);
}

}  // namespace
}  // namespace xvnet::test
