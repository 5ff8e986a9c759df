// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/attachments.h"

#include <fmt/format.h>

#include <cerrno>

#include "loader/linux/bpf_object.h"
#include "loader/linux/clsact.h"
#include "loader/linux/device_name.h"
#include "loader/linux/link_query.h"
#include "loader/linux/pinned_link.h"
#include "loader/linux/programs.h"
#include "loader/linux/shared_xdp.h"
#include "loader/rules.h"

namespace xvnet {

Result<void> Attachments::attach(Program program, std::uint32_t ifindex, Hook hook,
                                 bool share_xdp) {
  std::string path = root_.program(program_name(program));
  auto loaded = open_pin(path);
  if (!loaded) return fail_errno(loaded.error(), fmt::format("open pin \"{}\"", path));
  if (hook == Hook::kXdp) return attach_xdp(program, *loaded, ifindex, share_xdp);
  return attach_tc(*loaded, ifindex, hook);
}

Result<void> Attachments::attach_xdp(Program program, const FileDescriptor& loaded,
                                     std::uint32_t ifindex, bool share_xdp) {
  std::string pin = root_.link(ifindex, Hook::kXdp);
  if (share_xdp) {
    XVNET_ASSIGN(exclusive, link_state(pin, ifindex));
    XVNET_TRY(detach_link(pin));
    auto done = attach_shared_xdp(root_, program, loaded, ifindex);
    if (done || exclusive != Attachment::kLive) return done;
    // Restore the exclusive link, so that the error changes nothing.
    if (auto undone = attach_link(pin, loaded, ifindex, Hook::kXdp); !undone) {
      done.error().message += "; and then: " + undone.error().message;
    }
    return done;
  }
  XVNET_ASSIGN(shared, shared_xdp_state(root_, ifindex));
  if (shared != Attachment::kNone) XVNET_TRY(detach_shared_xdp(root_, ifindex));
  XVNET_ASSIGN(foreign, foreign_xdp(ifindex));
  if (!foreign.empty()) {
    return fail(fmt::format("attach to xdp of device {}: another program, {}, is there",
                            quoted_device(ifindex), foreign),
                use_tc() + ", or " + field_name("shared_xdp"));
  }
  return attach_link(pin, loaded, ifindex, Hook::kXdp);
}

Result<void> Attachments::attach_tc(const FileDescriptor& loaded, std::uint32_t ifindex,
                                    Hook hook) {
  std::string pin = root_.link(ifindex, hook);
  // Use one mechanism at a time and keep a live one: with two, every frame would be counted and
  // forwarded twice.
  XVNET_ASSIGN(link, link_state(pin, ifindex));
  XVNET_ASSIGN(filter, filter_state(root_, ifindex, hook));
  bool is_by_link = link == Attachment::kLive || (!runs(filter) && is_tcx_supported());
  if (!is_by_link) {
    XVNET_TRY(detach_link(pin));
    return attach_filter(root_, loaded, ifindex, hook);
  }
  if (filter != Attachment::kNone) XVNET_TRY(detach_filter(root_, ifindex, hook));
  return attach_link(pin, loaded, ifindex, hook);
}

Result<void> Attachments::detach(std::uint32_t ifindex, Hook hook) {
  XVNET_TRY(detach_link(root_.link(ifindex, hook)));
  if (hook == Hook::kXdp) return detach_shared_xdp(root_, ifindex);
  return detach_filter(root_, ifindex, hook);
}

Result<Attachment> Attachments::other_state(std::uint32_t ifindex, Hook hook) const {
  if (hook == Hook::kXdp) return shared_xdp_state(root_, ifindex);
  return filter_state(root_, ifindex, hook);
}

Result<Attachment> Attachments::state(std::uint32_t ifindex, Hook hook) const {
  XVNET_ASSIGN(link, link_state(root_.link(ifindex, hook), ifindex));
  if (link == Attachment::kLive) return link;
  XVNET_ASSIGN(other, other_state(ifindex, hook));
  return other == Attachment::kNone ? link : other;
}

namespace {

// The program belongs to another instance, or to this one if its pin was removed.
bool is_of_an_instance(const std::string& program) { return program.starts_with("\"xdp_from_"); }

}  // namespace

Result<std::string> Attachments::foreign_xdp(std::uint32_t ifindex) const {
  Result<std::string> foreign;
  await_release([&] {
    foreign = other_xdp(ifindex);
    return !foreign || !is_of_an_instance(*foreign);
  });
  return foreign;
}

Result<std::string> Attachments::other_xdp(std::uint32_t ifindex) const {
  XVNET_ASSIGN(report, query_link(ifindex));
  if (!report || report->xdp_programs.empty()) return "";
  // Only one program runs natively: that of our link, or a dispatcher that calls ours.
  XVNET_ASSIGN(shared, shared_xdp_state(root_, ifindex));
  if (shared == Attachment::kLive) return "";
  std::string pin = root_.link(ifindex, Hook::kXdp);
  XVNET_ASSIGN(link, link_state(pin, ifindex));
  std::uint32_t own = link == Attachment::kLive ? link_program_id(pin) : 0;
  for (std::uint32_t id : report->xdp_programs) {
    if (id != own) return describe_program(id);
  }
  return "";
}

}  // namespace xvnet
