// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/shared_xdp.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <xdp/libxdp.h>

#include <cerrno>
#include <memory>

#include "loader/linux/bpf_object.h"
#include "loader/linux/device_name.h"
#include "loader/linux/library_log.h"
#include "loader/linux/programs.h"

namespace xvnet {
namespace {

constexpr std::string_view kVariant = "shared";

struct CloseProgram {
  void operator()(xdp_program* program) const { xdp_program__close(program); }
};
using XdpProgram = std::unique_ptr<xdp_program, CloseProgram>;

struct CloseMultiprog {
  void operator()(xdp_multiprog* multiprog) const { xdp_multiprog__close(multiprog); }
};
using Multiprog = std::unique_ptr<xdp_multiprog, CloseMultiprog>;

// What libxdp, or somebody else, has on the device; nothing when there is no XDP program.
Multiprog programs_on(std::uint32_t ifindex) {
  xdp_multiprog* found = xdp_multiprog__get_from_ifindex(static_cast<int>(ifindex));
  return Multiprog(libxdp_get_error(found) ? nullptr : found);
}

// A table that both programs use.
std::uint32_t own_map_id(const PinRoot& root) {
  auto map = open_pin(root.map(table_name(TableId::kInterfaces)));
  if (!map) return 0;
  auto info = map_info(*map);
  return info ? info->id : 0;
}

// Our program behind a dispatcher; owned by `multiprog`.
xdp_program* find_own(const PinRoot& root, const Multiprog& multiprog) {
  if (!multiprog || xdp_multiprog__is_legacy(multiprog.get())) return nullptr;
  std::uint32_t map = own_map_id(root);
  xdp_program* each = nullptr;
  while ((each = xdp_multiprog__next_prog(each, multiprog.get()))) {
    if (map && program_uses_map(xdp_program__fd(each), map)) return each;
  }
  return nullptr;
}

Result<void> remove(xdp_program* program, std::uint32_t ifindex, xdp_attach_mode mode) {
  int error = -xdp_program__detach(program, static_cast<int>(ifindex), mode, 0);
  if (error == 0 || error == ENOENT) return {};
  return fail_errno(error,
                    fmt::format("detach from shared xdp of device {}", quoted_device(ifindex)));
}

// What to do about an attachment that libxdp calls done.
Result<void> keep(const PinRoot& root, xdp_program* program, std::uint32_t ifindex,
                  const std::string& doing) {
  Multiprog multiprog = programs_on(ifindex);
  // libxdp falls back to a program of its own, unasked.
  if (multiprog && xdp_multiprog__is_legacy(multiprog.get())) {
    return fail(
        ErrorKind::kUnsupported,
        doing + ": this kernel does not allow XDP programs to share a device (freplace refused)",
        "use --mode tc, or leave --shared-xdp out");
  }
  if (!find_own(root, multiprog)) return fail(doing + ": another program took its place");
  std::string marker = root.link(ifindex, Hook::kXdp, kVariant);
  XVNET_TRY(unpin(marker));
  if (int error = -xdp_program__pin(program, marker.c_str())) {
    return fail_errno(error, fmt::format("pin \"{}\"", marker));
  }
  return {};
}

}  // namespace

Result<void> attach_shared_xdp(const PinRoot& root, Program program, std::uint32_t ifindex) {
  LibraryLog library;
  std::string doing = fmt::format("attach to shared xdp of device {}", quoted_device(ifindex));
  // Beside itself it would see every frame twice.
  Multiprog before = programs_on(ifindex);
  if (xdp_program* present = find_own(root, before)) return keep(root, present, ifindex, doing);
  XVNET_ASSIGN(object, open_xdp_object(root, program));
  std::string name(program_name(program));
  DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object.get(), .prog_name = name.c_str());
  xdp_program* created = xdp_program__create(&options);
  if (long error = libxdp_get_error(created)) return fail_errno(static_cast<int>(-error), doing);
  XdpProgram ours(created);
  int error = -xdp_program__attach(ours.get(), static_cast<int>(ifindex), XDP_MODE_NATIVE, 0);
  if (error == EBUSY || error == EEXIST) {
    return fail(doing + ": the program there does not share it", "use --mode tc");
  }
  if (error) return fail_errno(error, doing);
  auto done = keep(root, ours.get(), ifindex, doing);
  if (done) return {};
  if (auto undone = remove(ours.get(), ifindex, XDP_MODE_NATIVE); !undone) {
    done.error().message += "; and then: " + undone.error().message;
  }
  return done;
}

Result<void> detach_shared_xdp(const PinRoot& root, std::uint32_t ifindex) {
  LibraryLog quiet;
  Multiprog multiprog = programs_on(ifindex);
  if (xdp_program* ours = find_own(root, multiprog)) {
    XVNET_TRY(remove(ours, ifindex, xdp_multiprog__attach_mode(multiprog.get())));
  }
  return unpin(root.link(ifindex, Hook::kXdp, kVariant));
}

Result<Attachment> shared_xdp_state(const PinRoot& root, std::uint32_t ifindex) {
  if (!is_pinned(root.link(ifindex, Hook::kXdp, kVariant))) return Attachment::kNone;
  LibraryLog quiet;
  return find_own(root, programs_on(ifindex)) ? Attachment::kLive : Attachment::kSevered;
}

}  // namespace xvnet
