// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/tap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "loader/base/text.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/link_query.h"
#include "loader/linux/links.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kRootUid = 0;

ifreq tap_request(std::string_view name, int flags) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | flags);
  return request;
}

Result<FileDescriptor> open_tun(const std::string& doing) {
  FileDescriptor tun(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (tun.is_open()) return tun;
  if (errno == ENOENT || errno == ENODEV)
    return fail(ErrorKind::kUnsupported, doing + ": /dev/net/tun does not exist", "modprobe tun");
  const int error = errno;
  auto failure = fail_errno(error, doing + ": open /dev/net/tun");
  if (error == EACCES) failure.error().hint = "chmod 0666 /dev/net/tun, as udev does";
  return failure;
}

}  // namespace

Result<void> create_persistent_tap(const TapSpec& spec) {
  XVNET_TRY(check_device_name("create tap", spec.name));
  std::string doing = fmt::format("create tap {:?}", spec.name);
  XVNET_ASSIGN(tun, open_tun(doing));
  // The process that opens the TAP decides whether it has a vnet header.
  auto request = tap_request(spec.name, IFF_TUN_EXCL | (spec.queues > 1 ? IFF_MULTI_QUEUE : 0));
  if (ioctl(tun.get(), TUNSETIFF, &request)) {
    if (errno == EBUSY) return fail(doing + ": a device of that name exists");
    return fail_errno(errno, doing);
  }
  XVNET_ASSIGN(mac, random_mac());
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::ranges::copy(mac, request.ifr_hwaddr.sa_data);
  if (ioctl(tun.get(), SIOCSIFHWADDR, &request)) return fail_errno(errno, doing + ": set its MAC");
  // Without an owner, every user of the host could open it.
  const std::uint32_t owner = spec.owner.value_or(kRootUid);
  if (ioctl(tun.get(), TUNSETOWNER, static_cast<unsigned long>(owner)))
    return fail_errno(errno, fmt::format("{}: give it to uid {}", doing, owner));
  // This comes last: until here a killed process leaves nothing behind.
  if (ioctl(tun.get(), TUNSETPERSIST, 1UL))
    return fail_errno(errno, doing + ": make it persistent");
  return {};
}

// For a multi-queue TAP the kernel reports the number of open files, including those with a
// detached queue. For a single-queue TAP it reports only the carrier, which the VM may turn off
// (TUNSETCARRIER, IFF_NO_CARRIER), and sysfs always shows one queue. But only one file can have
// that queue. So take it first; the kernel returns EBUSY if another file has it (tun_attach). That
// also prevents another open until the TAP is deleted. A file that opens a multi-queue TAP just
// before its deletion is not noticed.
Result<bool> delete_idle_tap(const Link& tap) {
  if (tap.is_open) return false;
  if (tap.is_multi_queue) {
    XVNET_TRY(delete_link_by_index(tap.ifindex));
    return true;
  }
  const std::string doing = fmt::format("delete tap {:?}", tap.name);
  XVNET_ASSIGN(tun, open_tun(doing));
  auto request = tap_request(tap.name, 0);
  if (ioctl(tun.get(), TUNSETIFF, &request)) {
    if (errno == EBUSY) return false;
    return fail_errno(errno, doing);
  }
  // If the TAP is gone by now, this file has created a new one with its name, which goes when the
  // file is closed.
  XVNET_ASSIGN(taken, query_link(tap.name));
  if (taken && taken->link.ifindex != tap.ifindex) return true;
  XVNET_TRY(delete_link_by_index(tap.ifindex));
  return true;
}

}  // namespace xvnet
