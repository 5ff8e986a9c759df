// SPDX-License-Identifier: BSD-2-Clause
//
// What a kernel may lack. Without tcx, and without freplace programs: Upgrade, Kill, Foreign.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "lab.h"

namespace xvnet::test {
namespace {

// An empty directory in the place of another, in a mount namespace of its own.
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

class WithoutBtf : public InMode {
 protected:
  const Hidden btf_{"/sys/kernel/btf"};
};
XVNET_IN_BOTH_MODES(WithoutBtf);

TEST_P(WithoutBtf, OfTheKernelEverythingWorks) {
  lab.host.must({"doctor"});
  uplink("eth0");
  vm_in_vlan("tap1", 10);
  Tap& sender = vm_in_vlan("tap0", 10);
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  sender.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
  lab.host.must({"upgrade"});
  EXPECT_EQ(lab.host.packets("tap0", "from_vm"), 1u);
  lab.host.down();
}

}  // namespace
}  // namespace xvnet::test
