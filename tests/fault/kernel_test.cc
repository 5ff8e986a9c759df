// SPDX-License-Identifier: BSD-2-Clause
//
// Kernels that lack a feature. Upgrade, Kill and ForeignPrograms test kernels without tcx and
// without freplace programs.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "lab.h"

namespace xvnet::test {
namespace {

// Hides a directory behind an empty one, in a separate mount namespace.
class Hidden {
 public:
  explicit Hidden(const char* path) : home_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
    if (::unshare(CLONE_NEWNS) || ::mount("", "/", "", MS_REC | MS_PRIVATE, "") ||
        ::mount("none", path, "tmpfs", 0, ""))
      throw_errno("hiding \"" + std::string(path) + "\"");
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() { ::setns(home_.get(), CLONE_NEWNS); }

 private:
  UniqueFd home_;
};

// The programs need BTF to find the fields of an sk_buff.
TEST(KernelWithoutBtf, LoadsNothingAndReportsTheReason) {
  Lab lab;
  lab.add_wire("eth0");
  const Hidden btf{"/sys/kernel/btf"};
  const CommandResult refused = lab.host.xvnet({"uplink", "add", "eth0"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.err.find("CONFIG_DEBUG_INFO_BTF"), std::string::npos) << refused.describe();
  EXPECT_TRUE(lab.host.json({"show", "uplinks"}).empty());
  const CommandResult doctor = lab.host.xvnet({"doctor"});
  EXPECT_EQ(doctor.exit_code, 1) << doctor.describe();
  EXPECT_NE(doctor.out.find("CONFIG_DEBUG_INFO_BTF"), std::string::npos) << doctor.describe();
}

}  // namespace
}  // namespace xvnet::test
