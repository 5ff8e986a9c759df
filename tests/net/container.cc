// SPDX-License-Identifier: BSD-2-Clause
#include "container.h"

namespace xvnet::test {

namespace {

// The arguments in $@ name the files of /etc to copy. The read-only /sys tells daemons that no udev
// runs, and shows the devices of this namespace. The shell at the end reaps orphaned processes.
constexpr const char* kFirstProcess = R"(set -e
umask 022
hostname localhost
mkdir -p /var/lib
mount -t tmpfs none /run
mkdir /run/etc /run/lib
for name in passwd group "$@"; do cp -r "/etc/$name" /run/etc/; done
touch /run/etc/fstab /run/etc/resolv.conf
echo 0123456789abcdef0123456789abcdef >/run/etc/machine-id
mount --bind /run/lib /var/lib
mount --bind /run/etc /etc
mount -t sysfs -o ro none /sys
echo ready
while :; do sleep 3600 & wait; done
)";

Words first_process(const Words& etc) {
  // The container ends with the test process, however that process ends.
  Words words = {"setpriv", "--pdeathsig", "KILL",        "unshare",      "--mount",
                 "--uts",   "--pid",       "--fork",      "--kill-child", "--mount-proc",
                 "sh",      "-c",          kFirstProcess, "first-process"};
  words.insert(words.end(), etc.begin(), etc.end());
  return words;
}

}  // namespace

Container::Container(const Words& etc)
    : first_process_(
          first_process(etc),
          {.netns_path = ns_.path(), .environment = {}, .limit = std::chrono::seconds(1)}) {
  if (!eventually([&] { return first_process_.unread() > 0; }))
    throw SetupError(first_process_.wait().describe());
}

CommandResult Container::run(const std::string& script) const {
  const std::string namespaces = "/proc/" + std::to_string(first_process_.pid()) + "/ns/";
  return ns_.run({"nsenter", "--mount=" + namespaces + "mnt", "--uts=" + namespaces + "uts",
                  "--pid=" + namespaces + "pid_for_children", "sh", "-c", script});
}

std::string Container::must(const std::string& script) const {
  const CommandResult result = run(script);
  if (!result.ok()) throw SetupError(result.describe());
  return result.out;
}

void Container::write(const std::string& path, const std::string& text) const {
  must("cat >" + path + " <<'END'\n" + text + "END\n");
}

}  // namespace xvnet::test
