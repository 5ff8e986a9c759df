// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/tap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "loader/linux/file_descriptor.h"
#include "loader/linux/links.h"
#include "loader/text.h"

namespace xvnet {

Result<void> create_persistent_tap(const TapSpec& spec) {
  XVNET_TRY(check_device_name("create tap", spec.name));
  std::string doing = fmt::format("create tap \"{}\"", spec.name);
  FileDescriptor tun(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!tun.is_open() && (errno == ENOENT || errno == ENODEV)) {
    return fail(ErrorKind::kUnsupported, doing + ": there is no /dev/net/tun", "modprobe tun");
  }
  if (!tun.is_open()) return fail_errno(errno, doing + ": open /dev/net/tun");

  // Whether there is a vnet header is decided by whoever opens the TAP.
  ifreq request{};
  spec.name.copy(request.ifr_name, IFNAMSIZ - 1);
  int flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL | (spec.queues > 1 ? IFF_MULTI_QUEUE : 0);
  request.ifr_flags = static_cast<short>(flags);
  if (ioctl(tun.get(), TUNSETIFF, &request)) {
    if (errno == EBUSY) return fail(doing + ": a device of that name exists");
    return fail_errno(errno, doing);
  }
  if (spec.owner && ioctl(tun.get(), TUNSETOWNER, static_cast<unsigned long>(*spec.owner))) {
    return fail_errno(errno, fmt::format("{}: give it to uid {}", doing, *spec.owner));
  }
  // Last: until here a killed process leaves nothing behind.
  if (ioctl(tun.get(), TUNSETPERSIST, 1UL))
    return fail_errno(errno, doing + ": make it persistent");
  return {};
}

}  // namespace xvnet
