// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/pinned_link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "loader/linux/bpf_object.h"
#include "loader/linux/device_name.h"

namespace xvnet {
namespace {

namespace fs = std::filesystem;

// The ends of the names of link pins (PinRoot::link()). Names of program pins have a further
// suffix.
constexpr std::array<std::string_view, 3> kLinkNames = {"-xdp", "-ingress", "-egress"};

// Debian 12's header lacks these: include/uapi/linux/bpf.h of Linux 6.6.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);  // BPF_TCX_INGRESS
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);   // BPF_TCX_EGRESS
constexpr std::uint32_t kBefore = 1 << 3;  // BPF_F_BEFORE alone: before all others

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

// The device of a link is the first field of its info, for XDP and tcx alike. It is 0 if the device
// is gone.
std::uint32_t device_of(const bpf_link_info& info) { return info.xdp.ifindex; }

// A device that moves to another namespace takes its programs along. Its link keeps the ifindex,
// which may be another device's here. So ask which programs this namespace's device runs.
bool runs_on(const bpf_link_info& info, std::uint32_t ifindex) {
  if (device_of(info) != ifindex) return false;
  if (info.type == BPF_LINK_TYPE_XDP) {
    std::uint32_t id = 0;
    return bpf_xdp_query_id(static_cast<int>(ifindex), 0, &id) == 0 && id == info.prog_id;
  }
  // For a tcx link too, the attach type is the second field of its info.
  const auto type = static_cast<bpf_attach_type>(info.netns.attach_type);
  std::array<std::uint32_t, 64> ids{};  // BPF_MPROG_MAX: the most that one tcx hook has
  auto count = static_cast<std::uint32_t>(ids.size());
  if (bpf_prog_query(static_cast<int>(ifindex), type, 0, nullptr, ids.data(), &count)) return false;
  return std::find(ids.begin(), ids.begin() + count, info.prog_id) != ids.begin() + count;
}

Result<void> explain_create(int number, std::uint32_t ifindex, Hook hook) {
  std::string doing = fmt::format("attach to {} of device {}", hook == Hook::kXdp ? "xdp" : "tc",
                                  quoted_device(ifindex));
  auto failure = fail_errno(number, doing);
  if (hook == Hook::kXdp && number == EOPNOTSUPP) {
    return fail(ErrorKind::kUnsupported, doing + ": the driver does not run XDP programs",
                "use ‹mode› tc");
  }
  if (hook == Hook::kXdp && failure.error().kind == ErrorKind::kFailed) {
    failure.error().hint = "use ‹mode› tc";
  }
  return failure;
}

Result<void> create_link(const std::string& pin_path, const FileDescriptor& program,
                         std::uint32_t ifindex, Hook hook) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.flags = hook == Hook::kXdp ? XDP_FLAGS_DRV_MODE : kBefore;
  int fd = -1;
  await_release([&] {
    fd = bpf_link_create(program.get(), static_cast<int>(ifindex), attach_type(hook), &options);
    return fd >= 0 || (errno != EEXIST && errno != EBUSY);
  });
  if (fd < 0) return explain_create(errno, ifindex, hook);
  // Closing an unpinned link detaches it, so a failure leaves nothing behind.
  FileDescriptor link(fd);
  return pin(link, pin_path);
}

}  // namespace

bool await_release(const std::function<bool()>& is_released) {
  constexpr auto kPause = std::chrono::milliseconds(10);
  constexpr int kTries = 200;
  for (int tried = 0; tried < kTries; ++tried) {
    if (is_released()) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

bool is_tcx_supported() {
  if (const char* asked = std::getenv("XVNET_NO_TCX"); asked && *asked) return false;
  // No device has ifindex 0: the error is ENODEV, or EINVAL if the kernel does not know the hook.
  std::uint32_t count = 0;
  return bpf_prog_query(0, kTcxIngress, 0, nullptr, nullptr, &count) == 0 || errno != EINVAL;
}

Result<void> attach_link(const std::string& pin_path, const FileDescriptor& program,
                         std::uint32_t ifindex, Hook hook) {
  auto link = open_pin(pin_path);
  if (!link && link.error() != ENOENT) {
    return fail_errno(link.error(), fmt::format("open pin {:?}", pin_path));
  }
  if (link) {
    auto wanted = program_info(program);
    if (!wanted) return fail_errno(wanted.error(), "examine program");
    auto info = link_info(*link);
    bool is_live = info && runs_on(*info, ifindex);
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
  // Remove the pin first: a pin whose link is detached would look like that of a replaced device.
  // If the process is killed in between, its descriptor was the last reference to the link.
  XVNET_TRY(unpin(pin_path));
  // Detaching an orphaned link fails in several ways, which do not matter.
  if (link) bpf_link_detach(link->get());
  return {};
}

Result<Attachment> link_state(const std::string& pin_path, std::uint32_t ifindex) {
  auto link = open_pin(pin_path);
  if (!link && link.error() == ENOENT) return Attachment::kNone;
  if (!link) return fail_errno(link.error(), fmt::format("open pin {:?}", pin_path));
  auto info = link_info(*link);
  if (!info) return fail_errno(info.error(), fmt::format("examine pin {:?}", pin_path));
  return runs_on(*info, ifindex) ? Attachment::kLive : Attachment::kOrphaned;
}

std::uint32_t link_program_id(const std::string& pin_path) {
  auto link = open_pin(pin_path);
  if (!link) return 0;
  auto info = link_info(*link);
  return info ? info->prog_id : 0;
}

Result<bool> are_all_links_dead(const PinRoot& root) {
  std::size_t dead = 0;
  std::error_code error;
  fs::directory_iterator entry(root.links(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    // The directory also has pins of programs, for attachments without a link.
    const std::string name = entry->path().filename();
    if (std::ranges::none_of(kLinkNames, [&](auto end) { return name.ends_with(end); }))
      return false;
    auto link = open_pin(entry->path());
    if (!link) return fail_errno(link.error(), fmt::format("open pin {:?}", name));
    auto info = link_info(*link);
    if (!info) return fail_errno(info.error(), fmt::format("examine pin {:?}", name));
    if (device_of(*info)) return false;
    dead++;
  }
  if (error) return fail_errno(error.value(), fmt::format("list {:?}", root.links()));
  return dead > 0;
}

}  // namespace xvnet
