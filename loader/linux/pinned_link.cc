// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/pinned_link.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>

#include <cerrno>
#include <cstdlib>

#include "loader/linux/bpf_object.h"
#include "loader/linux/device_name.h"

namespace xvnet {
namespace {

// Newer than Debian 12's header: include/uapi/linux/bpf.h of Linux 6.6.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);  // BPF_TCX_INGRESS
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);   // BPF_TCX_EGRESS
constexpr std::uint32_t kBefore = 1 << 3;  // BPF_F_BEFORE; with no other program named: before all

bpf_attach_type attach_type(Hook hook) {
  switch (hook) {
    case Hook::kXdp:
      return BPF_XDP;
    case Hook::kTcIngress:
      return kTcxIngress;
    case Hook::kTcEgress:
      return kTcxEgress;
  }
  return BPF_XDP;
}

// The device of a link is the first word of its kind's description, for XDP and tcx alike; 0 when
// it is gone.
std::uint32_t device_of(const bpf_link_info& info) { return info.xdp.ifindex; }

Result<void> explain_create(int number, std::uint32_t ifindex, Hook hook) {
  std::string doing = fmt::format("attach to {} of device {}", hook == Hook::kXdp ? "xdp" : "tc",
                                  quoted_device(ifindex));
  auto failure = fail_errno(number, doing);
  if (hook == Hook::kXdp && number == EOPNOTSUPP) {
    return fail(ErrorKind::kUnsupported, doing + ": the driver does not run XDP programs",
                "use --mode tc");
  }
  if (hook == Hook::kXdp && failure.error().kind == ErrorKind::kFailed) {
    failure.error().hint = "use --mode tc";
  }
  return failure;
}

Result<void> create_link(const std::string& pin_path, const FileDescriptor& program,
                         std::uint32_t ifindex, Hook hook) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.flags = hook == Hook::kXdp ? XDP_FLAGS_DRV_MODE : kBefore;
  int fd = bpf_link_create(program.get(), static_cast<int>(ifindex), attach_type(hook), &options);
  if (fd < 0) return explain_create(errno, ifindex, hook);
  // Closing an unpinned link detaches it, so a failure leaves nothing.
  FileDescriptor link(fd);
  return pin(link, pin_path);
}

}  // namespace

bool is_tcx_supported() {
  if (const char* asked = std::getenv("XVNET_NO_TCX"); asked && *asked) return false;
  // No device has number 0: ENODEV, or EINVAL where the kernel does not know the hook.
  std::uint32_t count = 0;
  return bpf_prog_query(0, kTcxIngress, 0, nullptr, nullptr, &count) == 0 || errno != EINVAL;
}

Result<void> attach_link(const std::string& pin_path, const FileDescriptor& program,
                         std::uint32_t ifindex, Hook hook) {
  auto link = open_pin(pin_path);
  if (!link && link.error() != ENOENT) {
    return fail_errno(link.error(), fmt::format("open pin \"{}\"", pin_path));
  }
  if (link) {
    auto wanted = program_info(program);
    if (!wanted) return fail_errno(wanted.error(), "examine program");
    auto info = link_info(*link);
    bool is_live = info && device_of(*info) == ifindex;
    if (is_live && info->prog_id == wanted->id) return {};
    if (is_live && bpf_link_update(link->get(), program.get(), nullptr) == 0) return {};
    if (is_live && errno != ENOLINK) {
      return fail_errno(errno,
                        fmt::format("update the program on device {}", quoted_device(ifindex)));
    }
    XVNET_TRY(detach_link(pin_path));
  }
  return create_link(pin_path, program, ifindex, hook);
}

Result<void> detach_link(const std::string& pin_path) {
  auto link = open_pin(pin_path);
  // A severed link has nothing to detach and says so in several ways; without its last pin it is
  // gone as well.
  if (link) bpf_link_detach(link->get());
  return unpin(pin_path);
}

Result<Attachment> link_state(const std::string& pin_path, std::uint32_t ifindex) {
  auto link = open_pin(pin_path);
  if (!link && link.error() == ENOENT) return Attachment::kNone;
  if (!link) return fail_errno(link.error(), fmt::format("open pin \"{}\"", pin_path));
  auto info = link_info(*link);
  if (!info) return fail_errno(info.error(), fmt::format("examine pin \"{}\"", pin_path));
  return device_of(*info) == ifindex ? Attachment::kLive : Attachment::kSevered;
}

std::uint32_t link_program_id(const std::string& pin_path) {
  auto link = open_pin(pin_path);
  if (!link) return 0;
  auto info = link_info(*link);
  return info ? info->prog_id : 0;
}

}  // namespace xvnet
