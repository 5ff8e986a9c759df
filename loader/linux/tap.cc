// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/tap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "loader/linux/file_descriptor.h"
#include "loader/linux/link_query.h"
#include "loader/linux/links.h"
#include "loader/text.h"

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
    return fail(ErrorKind::kUnsupported, doing + ": there is no /dev/net/tun", "modprobe tun");
  const int error = errno;
  auto failure = fail_errno(error, doing + ": open /dev/net/tun");
  if (error == EACCES)
    failure.error().hint = "chmod 0666 /dev/net/tun, which is its mode under udev";
  return failure;
}

}  // namespace

Result<void> create_persistent_tap(const TapSpec& spec) {
  XVNET_TRY(check_device_name("create tap", spec.name));
  std::string doing = fmt::format("create tap \"{}\"", spec.name);
  XVNET_ASSIGN(tun, open_tun(doing));
  // Whether there is a vnet header is decided by whoever opens the TAP.
  auto request = tap_request(spec.name, IFF_TUN_EXCL | (spec.queues > 1 ? IFF_MULTI_QUEUE : 0));
  if (ioctl(tun.get(), TUNSETIFF, &request)) {
    if (errno == EBUSY) return fail(doing + ": a device of that name exists");
    return fail_errno(errno, doing);
  }
  // Without an owner, every user of the host may open it.
  const std::uint32_t owner = spec.owner.value_or(kRootUid);
  if (ioctl(tun.get(), TUNSETOWNER, static_cast<unsigned long>(owner)))
    return fail_errno(errno, fmt::format("{}: give it to uid {}", doing, owner));
  // Last: until here a killed process leaves nothing behind.
  if (ioctl(tun.get(), TUNSETPERSIST, 1UL))
    return fail_errno(errno, doing + ": make it persistent");
  return {};
}

// Of a multi-queue TAP the kernel counts the files, also those with a detached queue. Of one with a
// single queue it shows only the carrier, which the VM may turn off (TUNSETCARRIER,
// IFF_NO_CARRIER), and sysfs shows one queue in any case. But only one file may have that queue: so
// it is taken first, and the kernel says EBUSY when somebody has it (tun_attach). That also keeps
// everybody else off until the TAP is deleted; a file that opens a multi-queue TAP just then is
// too late to be seen.
Result<bool> delete_idle_tap(const Link& tap) {
  if (tap.is_open) return false;
  if (tap.is_multi_queue) {
    XVNET_TRY(delete_link_by_index(tap.ifindex));
    return true;
  }
  const std::string doing = fmt::format("delete tap \"{}\"", tap.name);
  XVNET_ASSIGN(tun, open_tun(doing));
  auto request = tap_request(tap.name, 0);
  if (ioctl(tun.get(), TUNSETIFF, &request)) {
    if (errno == EBUSY) return false;
    return fail_errno(errno, doing);
  }
  // Where the name is free by now, this file has made a TAP of its own, which goes with it.
  XVNET_ASSIGN(taken, query_link(tap.name));
  if (taken && taken->link.ifindex != tap.ifindex) return true;
  XVNET_TRY(delete_link_by_index(tap.ifindex));
  return true;
}

}  // namespace xvnet
