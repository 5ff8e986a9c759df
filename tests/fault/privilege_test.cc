// SPDX-License-Identifier: BSD-2-Clause
//
// xvnet runs as a user who is not root, with the capabilities that xvnet(8) lists and a pin
// directory that the user owns.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <optional>

#include "lab.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

constexpr uid_t kUser = 65534;
const std::vector<std::string> kCapabilities = {"bpf", "net_admin", "perfmon"};

// Runs a command as that user. The limit for locked memory is zero, because only root may raise it.
Words as_user(const std::vector<std::string>& capabilities) {
  std::string set = "-all";
  for (const auto& capability : capabilities) set += ",+" + capability;
  const std::string user = std::to_string(kUser);
  return {
      "setpriv",    "--reuid",        user, "--regid",        user, "--clear-groups", "--inh-caps",
      set,          "--ambient-caps", set,  "--bounding-set", set,  "--no-new-privs", "prlimit",
      "--memlock=0"};
}

std::vector<std::string> all_but(const std::string& dropped) {
  std::vector<std::string> rest = kCapabilities;
  std::erase(rest, dropped);
  return rest;
}

// A directory with the program that the user can reach. A checkout may be unreachable.
class UserDirectory {
 public:
  UserDirectory() : path_("/tmp/xvt-" + unique_suffix()) {
    std::filesystem::create_directory(path_);
    std::filesystem::copy_file(xvnet_binary(), binary());
    if (::chown(path_.c_str(), kUser, kUser) != 0 || ::chmod(binary().c_str(), 0755) != 0)
      throw_errno("giving \"" + path_ + "\" away");
  }
  UserDirectory(const UserDirectory&) = delete;
  UserDirectory& operator=(const UserDirectory&) = delete;
  ~UserDirectory() { std::filesystem::remove_all(path_); }
  std::string binary() const { return path_ + "/xvnet"; }
  std::string state_file() const { return path_ + "/state.json"; }

 private:
  std::string path_;
};

// A mount namespace in which ordinary users may enter bpffs, which systemd mounts for root alone,
// and open /dev/net/tun, as udev lets them.
class OpenMounts {
 public:
  OpenMounts() : home_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
        ::mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0711") != 0)
      throw_errno("mounting a bpffs");
    const char* const tun = "/dev/net/tun";
    struct stat node{};
    if (::stat(tun, &node) != 0 || ::mount("tmpfs", "/dev/net", "tmpfs", 0, "") != 0 ||
        ::mknod(tun, S_IFCHR, node.st_rdev) != 0 || ::chmod(tun, 0666) != 0)
      throw_errno(std::string("making another ") + tun);
  }
  OpenMounts(const OpenMounts&) = delete;
  OpenMounts& operator=(const OpenMounts&) = delete;
  ~OpenMounts() { ::setns(home_.get(), CLONE_NEWNS); }

 private:
  UniqueFd home_;
};

class Privilege : public ::testing::Test {
 protected:
  std::string root() const { return pin_root(lab.host.instance()); }

  void make_pin_root(uid_t owner) const {
    if (::mkdir(root().c_str(), 0700) != 0 || ::chown(root().c_str(), owner, owner) != 0)
      throw_errno("making \"" + root() + "\"");
  }

  bool has_pins() const {
    std::error_code missing;
    return std::filesystem::exists(root()) &&
           std::filesystem::directory_iterator(root(), missing) !=
               std::filesystem::directory_iterator();
  }

  bool has_device(const std::string& name) const {
    return lab.ns().run({"ip", "link", "show", "dev", name}).ok();
  }

  const OpenMounts mounts;
  const UserDirectory directory;
  const Variable binary{"XVNET_BIN", directory.binary()};
  Lab lab;
};

struct Hook {
  const char* name;
  const char* mode;
  const char* uplink_mode;
  bool has_tcx = true;
};

// Prints the hook's name in a failure message.
void PrintTo(const Hook& hook, std::ostream* out) { *out << hook.name; }

class PrivilegeOn : public Privilege, public ::testing::WithParamInterface<Hook> {};

TEST_P(PrivilegeOn, ThreeCapabilitiesAreEnoughForEverything) {
  std::optional<Variable> no_tcx;
  if (!GetParam().has_tcx) no_tcx.emplace("XVNET_NO_TCX", "1");
  const std::string mode = GetParam().mode;
  make_pin_root(kUser);
  lab.host.run_behind(as_user(kCapabilities));

  lab.host.must({"doctor"});
  lab.add_uplink("eth0", {"--mode", GetParam().uplink_mode});
  lab.host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24"});
  Tap& sender = lab.add_vm("tap0", {"--vlan", "10", "--mode", mode});
  lab.add_vm("tap1", {"--vlan", "10", "--mode", mode});
  lab.add_vm("tap2", {"--vlan", "20", "--mode", mode});
  lab.add_vm("tap3", {"--network", "lab", "--mode", mode});
  EXPECT_EQ(lab.host.port("tap0").at("mode"), mode);

  const Frame plain = udp4(Ends::between(kMacA, kBroadcast));
  const Frame tagged = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
  sender.send(plain);
  sender.send(tagged);
  EXPECT_EQ(lab.where(plain), (Places{"tap1", "wire:eth0"}));
  EXPECT_EQ(lab.where(tagged), Places{});
  EXPECT_EQ(lab.host.packets("tap0", "from_vm"), 1u);

  lab.host.must({"upgrade"});
  const Frame hello = udp4(Ends::between(kMacB, kBroadcast));
  lab.vm("tap1").send(hello);
  EXPECT_EQ(lab.where(hello), (Places{"tap0", "wire:eth0"}));
  const Frame after = tcp4(Ends::between(kMacA, kMacB));
  sender.send(after);
  EXPECT_EQ(lab.where(after), Places{"tap1"});

  lab.host.must({"network", "set", "lab", "--ageing", "60"});
  lab.host.must({"save", directory.state_file()});
  const std::string before = lab.host.state();
  lab.host.must({"restore", directory.state_file()});
  EXPECT_EQ(lab.host.state(), before);
  lab.host.must({"detach", "tap3", "--delete"});
  lab.host.must({"network", "del", "lab"});
  lab.host.must({"detach", "tap2"});
  lab.host.down();
  EXPECT_FALSE(has_pins());
}

INSTANTIATE_TEST_SUITE_P(Hooks, PrivilegeOn,
                         ::testing::Values(Hook{"tcx", "tc", "tc"},
                                           Hook{"clsact", "tc", "tc", false},
                                           Hook{"xdp", "xdp", "auto"}),
                         [](const auto& hook) { return std::string(hook.param.name); });

TEST_F(Privilege, MissingCapabilityIsNamedAndNothingChanges) {
  make_pin_root(kUser);
  for (const auto& dropped : kCapabilities) {
    std::string name = "CAP_" + dropped;
    for (char& letter : name) letter = static_cast<char>(std::toupper(letter));
    const Words wrapper = as_user(all_but(dropped));

    const CommandResult doctor = lab.host.xvnet_behind(wrapper, {"doctor"});
    EXPECT_EQ(doctor.exit_code, kFailed) << doctor.describe();
    EXPECT_NE(doctor.out.find(name + " missing"), std::string::npos) << doctor.describe();

    const CommandResult attach = lab.host.xvnet_behind(wrapper, {"attach", "tap0", "--vlan", "10"});
    EXPECT_EQ(attach.exit_code, kNotPermitted) << attach.describe();
    EXPECT_EQ(error_problems(attach, {lab.host.instance(), name + " missing", "PRIVILEGES"}), "");
    EXPECT_FALSE(has_device("tap0")) << name;
    EXPECT_FALSE(has_pins()) << name;
  }
}

// The loader must enter the other end's namespace to turn its offload off, and that needs a further
// capability.
TEST_F(Privilege, VethWithAnUnreachablePeerRefusesXdpAndAutoSelectsTc) {
  make_pin_root(kUser);
  lab.host.run_behind(as_user(kCapabilities));
  lab.add_wire("eth0");
  const CommandResult refused = lab.host.xvnet({"uplink", "add", "eth0", "--mode", "xdp"});
  EXPECT_EQ(refused.exit_code, kKernelCannot) << refused.describe();
  EXPECT_EQ(error_problems(refused, {"eth0", "xvnet cannot enter", "hint: "}), "");
  EXPECT_TRUE(lab.host.uplink("eth0").is_null());
  lab.host.uplink_add("eth0");
  EXPECT_EQ(lab.host.uplink("eth0").at("mode"), "tc");
  EXPECT_EQ(lab.host.uplink("eth0").at("why"),
            "its other end is in a namespace that xvnet cannot enter");
}

TEST_F(Privilege, UserCannotChangeAnInstanceOfRoot) {
  lab.host.attach("tap0", {"--vlan", "10"});
  const std::string before = lab.host.state();
  for (const Words& args : {Words{"attach", "tap1", "--vlan", "20"}, Words{"detach", "tap0"},
                            Words{"network", "add", "lab"}, Words{"upgrade"}, Words{"down"}}) {
    const CommandResult result = lab.host.xvnet_behind(as_user(kCapabilities), args);
    EXPECT_EQ(result.exit_code, kNotPermitted) << result.describe();
    EXPECT_EQ(error_problems(result, {root(), "hint: "}), "");
  }
  EXPECT_FALSE(has_device("tap1"));
  EXPECT_EQ(lab.host.state(), before);
}

}  // namespace
}  // namespace xvnet::test
