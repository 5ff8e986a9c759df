// SPDX-License-Identifier: BSD-2-Clause
#include "metadata_tagger.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

#include <cstring>
#include <vector>

#include "link.h"

namespace xvnet::test {

namespace {

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

bpf_insn move(int to, int value) {
  return {BPF_ALU64 | BPF_MOV | BPF_K, static_cast<uint8_t>(to & 0xf), 0, 0, value};
}

UniqueFd load(bpf_prog_type type, const std::vector<bpf_insn>& program) {
  bpf_attr attributes{};
  attributes.prog_type = type;
  attributes.insns = reinterpret_cast<uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.license = reinterpret_cast<uintptr_t>("BSD");
  std::memcpy(attributes.prog_name, "test_program", sizeof("test_program"));
  UniqueFd fd(bpf(BPF_PROG_LOAD, attributes));
  if (!fd) throw_errno("loading a test program");
  return fd;
}

UniqueFd attach(const NetNs& ns, const std::string& dev, const UniqueFd& program, unsigned type) {
  return ns.in([&] {
    bpf_attr attributes{};
    attributes.link_create.prog_fd = static_cast<uint32_t>(program.get());
    attributes.link_create.target_ifindex = static_cast<uint32_t>(ifindex(ns, dev));
    attributes.link_create.attach_type = type;
    UniqueFd fd(bpf(BPF_LINK_CREATE, attributes));
    if (!fd) throw_errno("attaching a test program to \"" + dev + "\"");
    return fd;
  });
}

}  // namespace

MetadataTagger::MetadataTagger(const NetNs& ns, const std::string& dev, const VlanTag& tag)
    : ns_(&ns), dev_(dev) {
  // R1 holds the frame at the start. skb_vlan_push() leaves an only tag in metadata.
  const UniqueFd program =
      load(BPF_PROG_TYPE_SCHED_CLS, {move(BPF_REG_2, htons(tag.tpid)),
                                     move(BPF_REG_3, tag.tci()),
                                     {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_skb_vlan_push},
                                     move(BPF_REG_0, 0),
                                     {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}});
  const std::string pin = "/sys/fs/bpf/xvt-" + unique_suffix();
  bpf_attr attributes{};
  attributes.pathname = reinterpret_cast<uintptr_t>(pin.c_str());
  attributes.bpf_fd = static_cast<uint32_t>(program.get());
  if (bpf(BPF_OBJ_PIN, attributes) != 0) throw_errno("pinning a test program");
  ns.run({"tc", "qdisc", "add", "dev", dev, "clsact"});
  const CommandResult added =
      ns.run({"tc", "filter", "add", "dev", dev, "egress", "bpf", "da", "object-pinned", pin});
  unlink(pin.c_str());
  if (!added.ok()) throw SetupError(added.describe());
}

MetadataTagger::~MetadataTagger() { ns_->run({"tc", "qdisc", "del", "dev", dev_, "clsact"}); }

ForeignXdp::ForeignXdp(const NetNs& ns, const std::string& dev)
    : program_(
          load(BPF_PROG_TYPE_XDP, {move(BPF_REG_0, XDP_PASS), {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}})),
      link_(attach(ns, dev, program_, BPF_XDP)) {
  bpf_prog_info info{};
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<uint32_t>(program_.get());
  attributes.info.info_len = sizeof(info);
  attributes.info.info = reinterpret_cast<uintptr_t>(&info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) throw_errno("reading a test program's id");
  id_ = static_cast<int>(info.id);
}

}  // namespace xvnet::test
