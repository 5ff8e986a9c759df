// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/clsact.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loader/linux/bpf_object.h"
#include "loader/linux/device_name.h"
#include "loader/linux/library_log.h"
#include "loader/linux/netlink_socket.h"
#include "loader/linux/programs.h"

namespace xvnet {
namespace {

// The first priority, so that no other filter sees frames of isolated networks. The handle is one
// that others are unlikely to choose.
constexpr std::uint32_t kPriority = 1;
constexpr std::uint32_t kHandle = 0x7876;  // "xv"
// The program of our filter is pinned as its marker. A marker without a filter belongs to a device
// that was replaced. So while a filter is added or removed, its program is pinned as the next
// marker instead.
constexpr std::string_view kFilterVariant = "filter";
constexpr std::string_view kNextVariant = "filter-next";

bpf_tc_hook tc_hook(std::uint32_t ifindex, Hook hook) {
  LIBBPF_OPTS(bpf_tc_hook, result, .ifindex = static_cast<int>(ifindex),
              .attach_point = hook == Hook::kTcIngress ? BPF_TC_INGRESS : BPF_TC_EGRESS);
  return result;
}

// Returns the id of the program at our priority and handle, or 0 for none.
Result<std::uint32_t> occupant(std::uint32_t ifindex, Hook hook) {
  bpf_tc_hook where = tc_hook(ifindex, hook);
  LIBBPF_OPTS(bpf_tc_opts, options, .handle = kHandle, .priority = kPriority);
  int error = -bpf_tc_query(&where, &options);
  if (error == 0) return options.prog_id;
  // There is no filter, no qdisc or no device.
  if (error == ENOENT || error == EINVAL || error == ENODEV) return 0;
  return fail_errno(error,
                    fmt::format("examine the tc filters of device {}", quoted_device(ifindex)));
}

constexpr std::array kTcPrograms = {Program::kTcFromVm, Program::kTcFromUplink,
                                    Program::kTcFromHost, Program::kTcToForward};

bool is_marked(const PinRoot& root, std::uint32_t ifindex, Hook hook, std::uint32_t program) {
  return std::ranges::any_of(std::array{kFilterVariant, kNextVariant}, [&](auto variant) {
    return program == pinned_program_id(root.link(ifindex, hook, variant));
  });
}

bool is_named_as_ours(std::uint32_t program) {
  const FileDescriptor fd(bpf_prog_get_fd_by_id(program));
  const auto info = fd.is_open() ? program_info(fd) : std::unexpected(ENOENT);
  return info && std::ranges::any_of(
                     kTcPrograms, [&](Program each) { return program_name(each) == info->name; });
}

// When bpffs is unmounted, a filter outlives its pins. It is then xvnet's by name, but no instance
// marks it.
bool is_orphan(std::uint32_t ifindex, Hook hook, std::uint32_t program) {
  const auto roots = all_roots();
  return roots && is_named_as_ours(program) &&
         std::ranges::none_of(
             *roots, [&](const PinRoot& root) { return is_marked(root, ifindex, hook, program); });
}

bool is_own(const PinRoot& root, std::uint32_t ifindex, Hook hook, std::uint32_t program) {
  if (is_marked(root, ifindex, hook, program)) return true;
  const bool is_pinned_here = std::ranges::any_of(kTcPrograms, [&](Program each) {
    return program == pinned_program_id(root.program(program_name(each)));
  });
  return is_pinned_here || is_orphan(ifindex, hook, program);
}

// Returns the program id of our filter, or 0 for none.
Result<std::uint32_t> own_filter(const PinRoot& root, std::uint32_t ifindex, Hook hook) {
  XVNET_ASSIGN(program, occupant(ifindex, hook));
  return program && is_own(root, ifindex, hook, program) ? program : 0;
}

Result<bool> has_filters(std::uint32_t ifindex) {
  bool found = false;
  for (std::uint32_t minor : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
    tcmsg header{};
    header.tcm_ifindex = static_cast<int>(ifindex);
    header.tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor);
    NetlinkMessage message(RTM_GETTFILTER, NLM_F_REQUEST | NLM_F_DUMP);
    message.header(header);
    auto done = execute_route(message, [&](const nlmsghdr*) { found = true; });
    if (!done) {
      return fail_netlink(done.error(),
                          fmt::format("list the tc filters of device {}", quoted_device(ifindex)));
    }
  }
  return found;
}

// The marker says that xvnet created the qdisc. It is removed with the qdisc, or if the device is
// gone.
Result<void> remove_own_qdisc(const PinRoot& root, std::uint32_t ifindex) {
  if (!is_pinned(root.qdisc(ifindex))) return {};
  if (!device_name(ifindex).empty()) {
    XVNET_ASSIGN(is_in_use, has_filters(ifindex));
    if (is_in_use) return {};
    bpf_tc_hook both = tc_hook(ifindex, Hook::kTcIngress);
    both.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
    int error = -bpf_tc_hook_destroy(&both);
    if (error && error != ENOENT && error != EINVAL && error != ENODEV) {
      return fail_errno(
          error, fmt::format("remove the clsact qdisc of device {}", quoted_device(ifindex)));
    }
  }
  return unpin(root.qdisc(ifindex));
}

Result<void> create_qdisc(const PinRoot& root, const FileDescriptor& program, std::uint32_t ifindex,
                          Hook hook) {
  bpf_tc_hook where = tc_hook(ifindex, hook);
  int error = -bpf_tc_hook_create(&where);
  if (error == EEXIST) return {};
  if (error) {
    return fail_errno(error,
                      fmt::format("create a clsact qdisc on device {}", quoted_device(ifindex)));
  }
  // An existing marker belongs to a previous device with the same ifindex.
  XVNET_TRY(unpin(root.qdisc(ifindex)));
  return pin(program, root.qdisc(ifindex));
}

Result<void> put_filter(const FileDescriptor& program, std::uint32_t ifindex, Hook hook,
                        std::uint32_t flags) {
  bpf_tc_hook where = tc_hook(ifindex, hook);
  LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program.get(), .flags = flags, .handle = kHandle,
              .priority = kPriority);
  int error = -bpf_tc_attach(&where, &options);
  if (error == 0) return {};
  return fail_errno(error, fmt::format("attach a tc filter to device {}", quoted_device(ifindex)));
}

Result<void> rename_marker(const PinRoot& root, std::uint32_t ifindex, Hook hook,
                           std::string_view from, std::string_view to) {
  const std::string old_path = root.link(ifindex, hook, from);
  if (rename(old_path.c_str(), root.link(ifindex, hook, to).c_str()) == 0) return {};
  return fail_errno(errno, fmt::format("rename pin {:?}", old_path));
}

// Resolves the next marker of an interrupted command: it becomes the marker if its program runs.
Result<void> settle_next_marker(const PinRoot& root, std::uint32_t ifindex, Hook hook,
                                std::uint32_t present) {
  const std::string next = root.link(ifindex, hook, kNextVariant);
  if (!is_pinned(next)) return {};
  if (present && pinned_program_id(next) == present)
    return rename_marker(root, ifindex, hook, kNextVariant, kFilterVariant);
  return unpin(next);
}

}  // namespace

Result<void> attach_filter(const PinRoot& root, const FileDescriptor& program,
                           std::uint32_t ifindex, Hook hook) {
  LibraryLog quiet;
  auto info = program_info(program);
  if (!info) return fail_errno(info.error(), "examine program");
  XVNET_ASSIGN(present, occupant(ifindex, hook));
  if (present && !is_own(root, ifindex, hook, present)) {
    return fail(
        fmt::format("attach a tc filter to device {}: priority {}, handle {:#x} is used by {}",
                    quoted_device(ifindex), kPriority, kHandle, describe_program(present)));
  }
  XVNET_TRY(settle_next_marker(root, ifindex, hook, present));
  if (present == info->id && is_pinned(root.link(ifindex, hook, kFilterVariant))) return {};
  auto done = pin(program, root.link(ifindex, hook, kNextVariant));
  if (done && !present) done = create_qdisc(root, program, ifindex, hook);
  if (done) done = put_filter(program, ifindex, hook, present ? BPF_TC_F_REPLACE : 0);
  if (done) return rename_marker(root, ifindex, hook, kNextVariant, kFilterVariant);
  auto undone = present ? settle_next_marker(root, ifindex, hook, present)
                        : detach_filter(root, ifindex, hook);
  if (!undone) done.error().message += "; and then: " + undone.error().message;
  return done;
}

Result<void> detach_filter(const PinRoot& root, std::uint32_t ifindex, Hook hook) {
  LibraryLog quiet;
  XVNET_ASSIGN(program, own_filter(root, ifindex, hook));
  XVNET_TRY(settle_next_marker(root, ifindex, hook, program));
  if (is_pinned(root.link(ifindex, hook, kFilterVariant)))
    XVNET_TRY(rename_marker(root, ifindex, hook, kFilterVariant, kNextVariant));
  if (program) {
    bpf_tc_hook where = tc_hook(ifindex, hook);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = kHandle, .priority = kPriority);
    int error = -bpf_tc_detach(&where, &options);
    if (error && error != ENOENT) {
      return fail_errno(error,
                        fmt::format("remove the tc filter of device {}", quoted_device(ifindex)));
    }
  }
  XVNET_TRY(unpin(root.link(ifindex, hook, kNextVariant)));
  return remove_own_qdisc(root, ifindex);
}

Result<std::uint32_t> filter_program_id(const PinRoot& root, std::uint32_t ifindex, Hook hook) {
  LibraryLog quiet;
  return own_filter(root, ifindex, hook);
}

Result<Attachment> filter_state(const PinRoot& root, std::uint32_t ifindex, Hook hook) {
  LibraryLog quiet;
  XVNET_ASSIGN(program, own_filter(root, ifindex, hook));
  // Without its marker, the next upgrade would not recognize the filter.
  if (program)
    return is_marked(root, ifindex, hook, program) ? Attachment::kLive : Attachment::kUnpinned;
  return is_pinned(root.link(ifindex, hook, kFilterVariant)) ? Attachment::kUnfiltered
                                                             : Attachment::kNone;
}

}  // namespace xvnet
