// SPDX-License-Identifier: BSD-2-Clause
#include "capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <cstring>
#include <iterator>

namespace xvnet::test {

namespace {

constexpr uint32_t kHandle = 1;

bpf_tc_attach_point attach_point(TcPoint point) {
  return point == TcPoint::kIngress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

void check(int error, const char* doing) {
  if (error == 0) return;
  errno = -error;
  throw_errno(doing);
}

}  // namespace

TcFilter::TcFilter(const NetNs& ns, uint32_t ifindex, int program, TcPoint point, uint32_t priority)
    : ns_(&ns), ifindex_(ifindex), point_(point), priority_(priority) {
  LIBBPF_OPTS(bpf_tc_hook, hook);
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = attach_point(point);
  LIBBPF_OPTS(bpf_tc_opts, filter);
  filter.prog_fd = program;
  filter.handle = kHandle;
  filter.priority = priority;
  ns.in([&] {
    // The kernel reports that the qdisc already exists, and libbpf would print that as a warning.
    const libbpf_print_fn_t print = libbpf_set_print(nullptr);
    const int created = bpf_tc_hook_create(&hook);
    libbpf_set_print(print);
    if (created != -EEXIST) check(created, "making a clsact qdisc");
    check(bpf_tc_attach(&hook, &filter), "attaching a tc program");
  });
}

TcFilter::~TcFilter() {
  LIBBPF_OPTS(bpf_tc_hook, hook);
  hook.ifindex = static_cast<int>(ifindex_);
  hook.attach_point = attach_point(point_);
  LIBBPF_OPTS(bpf_tc_opts, filter);
  filter.handle = kHandle;
  filter.priority = priority_;
  ns_->in([&] { bpf_tc_detach(&hook, &filter); });
}

XdpAttachment::XdpAttachment(const NetNs& ns, uint32_t ifindex, int program)
    : link_(ns.in([&] {
        LIBBPF_OPTS(bpf_link_create_opts, options);
        options.flags = XDP_FLAGS_DRV_MODE;
        return bpf_link_create(program, static_cast<int>(ifindex), BPF_XDP, &options);
      })) {
  if (!link_) throw_errno("attaching an XDP program");
}

UniqueFd load_redirect_all(uint32_t ifindex) {
  const bpf_insn instructions[] = {
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, static_cast<int>(ifindex)},
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0},
      {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  };
  UniqueFd fd(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "redirect_all", "BSD", instructions,
                            std::size(instructions), nullptr));
  if (!fd) throw_errno("loading a tc program");
  return fd;
}

}  // namespace xvnet::test
