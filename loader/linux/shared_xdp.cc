// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/shared_xdp.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <xdp/libxdp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "loader/base/tables.h"
#include "loader/linux/bpf_object.h"
#include "loader/linux/device_name.h"
#include "loader/linux/library_log.h"
#include "loader/linux/programs.h"

namespace xvnet {
namespace {

constexpr std::string_view kSharedVariant = "shared";

struct CloseProgram {
  void operator()(xdp_program* program) const { xdp_program__close(program); }
};
using XdpProgram = std::unique_ptr<xdp_program, CloseProgram>;

struct CloseMultiprog {
  void operator()(xdp_multiprog* multiprog) const { xdp_multiprog__close(multiprog); }
};
using Multiprog = std::unique_ptr<xdp_multiprog, CloseMultiprog>;

// Returns the XDP programs on the device, of libxdp or another owner; null for none.
Multiprog programs_on(std::uint32_t ifindex) {
  xdp_multiprog* found = xdp_multiprog__get_from_ifindex(static_cast<int>(ifindex));
  return Multiprog(libxdp_get_error(found) ? nullptr : found);
}

// Returns the id of a table that all our programs use, or 0 if this version has none.
std::uint32_t own_map_id(const PinRoot& root) {
  auto map = open_pin(root.map(table_name(TableId::kInterfaces)));
  if (!map) return 0;
  auto info = map_info(*map);
  return info ? info->id : 0;
}

// The ids for this version, and for the one that is being upgraded.
std::vector<std::uint32_t> own_map_ids(const PinRoot& root) {
  std::vector<std::uint32_t> ids = {own_map_id(root)};
  if (auto others = root.other_abis())
    for (std::uint32_t abi : *others) ids.push_back(own_map_id(PinRoot(root.instance(), abi)));
  std::erase(ids, 0);
  return ids;
}

// Our programs behind a dispatcher, owned by `multiprog`: one, or two while one replaces the other.
std::vector<xdp_program*> find_own(const PinRoot& root, const Multiprog& multiprog) {
  std::vector<xdp_program*> own;
  if (!multiprog || xdp_multiprog__is_legacy(multiprog.get())) return own;
  const auto maps = own_map_ids(root);
  xdp_program* each = nullptr;
  while ((each = xdp_multiprog__next_prog(each, multiprog.get()))) {
    const int fd = xdp_program__fd(each);
    const auto used = maps_of_program(fd);
    if (std::ranges::find_first_of(used, maps) != used.end()) own.push_back(each);
  }
  return own;
}

// Whether the program is the dispatcher's copy of `loaded`: the same instructions on the same
// tables.
bool is_copy_of(const FileDescriptor& loaded, xdp_program* program) {
  auto info = program_info(loaded);
  return info && std::memcmp(info->tag, xdp_program__tag(program), sizeof info->tag) == 0 &&
         maps_of_program(loaded.get()) == maps_of_program(xdp_program__fd(program));
}

bool runs_copy_of(const FileDescriptor& loaded, const std::vector<xdp_program*>& programs) {
  return std::ranges::any_of(programs, [&](auto* each) { return is_copy_of(loaded, each); });
}

Result<void> remove(xdp_program* program, std::uint32_t ifindex, xdp_attach_mode mode) {
  int error = -xdp_program__detach(program, static_cast<int>(ifindex), mode, 0);
  if (error == 0 || error == ENOENT) return {};
  return fail_errno(error,
                    fmt::format("detach from shared xdp of device {}", quoted_device(ifindex)));
}

Error explain_attach(int number, const std::string& doing, const LibraryLog& library) {
  if (number == EBUSY || number == EEXIST) {
    return Error{ErrorKind::kFailed, doing + ": the attached program does not share XDP",
                 "use ‹mode› tc"};
  }
  // Kernels with this check refuse an extension that adds or removes a tag if the dispatcher was
  // built before it, as that of Debian 12's libxdp (xdp-dispatcher.o).
  if (library.text().find("Extension program changes packet data") != std::string::npos) {
    return Error{ErrorKind::kUnsupported,
                 doing +
                     ": this kernel does not let libxdp's dispatcher run programs that move "
                     "packet data",
                 "use ‹mode› tc, leave ‹shared_xdp› out, or use a newer libxdp"};
  }
  return fail_errno(number, doing).error();
}

// Attaches, and checks that the device runs what was requested.
Result<void> attach_beside_others(const PinRoot& root, Program program,
                                  const FileDescriptor& loaded, std::uint32_t ifindex,
                                  const std::string& doing) {
  LibraryLog library;
  XVNET_ASSIGN(object, open_xdp_object(root, program));
  std::string name(program_name(program));
  DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object.get(), .prog_name = name.c_str());
  xdp_program* created = xdp_program__create(&options);
  if (long error = libxdp_get_error(created)) return fail_errno(static_cast<int>(-error), doing);
  XdpProgram ours(created);
  int error = -xdp_program__attach(ours.get(), static_cast<int>(ifindex), XDP_MODE_NATIVE, 0);
  if (error) return std::unexpected(explain_attach(error, doing, library));

  Multiprog multiprog = programs_on(ifindex);
  if (runs_copy_of(loaded, find_own(root, multiprog))) return {};
  // libxdp silently falls back to attaching the program without a dispatcher.
  auto failure = fail(ErrorKind::kUnsupported,
                      doing +
                          ": this kernel does not allow XDP programs to share a device "
                          "(freplace refused)",
                      "use ‹mode› tc, or leave ‹shared_xdp› out");
  if (auto undone = remove(ours.get(), ifindex, XDP_MODE_NATIVE); !undone) {
    failure.error().message += "; and then: " + undone.error().message;
  }
  return failure;
}

// Detaches all of our programs except the copy of `keep`, one at a time, because each detach
// creates a new dispatcher.
Result<void> remove_own(const PinRoot& root, std::uint32_t ifindex, const FileDescriptor* keep) {
  while (true) {
    Multiprog multiprog = programs_on(ifindex);
    auto own = find_own(root, multiprog);
    if (keep) std::erase_if(own, [&](auto* each) { return is_copy_of(*keep, each); });
    if (own.empty()) return {};
    XVNET_TRY(remove(own.front(), ifindex, xdp_multiprog__attach_mode(multiprog.get())));
  }
}

}  // namespace

Result<void> attach_shared_xdp(const PinRoot& root, Program program, const FileDescriptor& loaded,
                               std::uint32_t ifindex) {
  std::string doing = fmt::format("attach to shared xdp of device {}", quoted_device(ifindex));
  // Pin the marker first, so that a program left by a killed process is recognized as ours.
  std::string marker = root.link(ifindex, Hook::kXdp, kSharedVariant);
  if (!is_pinned(marker)) XVNET_TRY(pin(loaded, marker));
  Multiprog multiprog = programs_on(ifindex);
  const auto own = find_own(root, multiprog);
  // Attached twice, the program would handle every frame twice.
  if (!runs_copy_of(loaded, own)) {
    auto done = attach_beside_others(root, program, loaded, ifindex, doing);
    if (!done && own.empty()) {
      if (auto undone = unpin(marker); !undone)
        done.error().message += "; and then: " + undone.error().message;
    }
    XVNET_TRY(done);
  }
  // Remove the previous program after the new one runs, so that every frame meets one of them.
  LibraryLog quiet;
  return remove_own(root, ifindex, &loaded);
}

Result<void> detach_shared_xdp(const PinRoot& root, std::uint32_t ifindex) {
  LibraryLog quiet;
  XVNET_TRY(remove_own(root, ifindex, nullptr));
  return unpin(root.link(ifindex, Hook::kXdp, kSharedVariant));
}

Result<Attachment> shared_xdp_state(const PinRoot& root, std::uint32_t ifindex) {
  if (!is_pinned(root.link(ifindex, Hook::kXdp, kSharedVariant))) return Attachment::kNone;
  LibraryLog quiet;
  Multiprog multiprog = programs_on(ifindex);
  return find_own(root, multiprog).empty() ? Attachment::kOrphaned : Attachment::kLive;
}

}  // namespace xvnet
