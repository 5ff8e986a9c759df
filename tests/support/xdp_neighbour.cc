// SPDX-License-Identifier: BSD-2-Clause
#include "xdp_neighbour.h"

#include <bpf/bpf.h>
#include <xdp/libxdp.h>

#include "link.h"
#include "xdp_neighbour.skel.h"

namespace xvnet::test {

std::string why_no_shared_xdp(const Host& host) {
  for (const auto& finding : host.json({"doctor"})) {
    const auto detail = finding.at("detail").get<std::string>();
    if (finding.at("check") == "shared xdp" && detail.starts_with("not possible")) return detail;
  }
  return {};
}

struct XdpNeighbour::Loaded {
  const NetNs* ns;
  int ifindex;
  bpf_object* object;
  xdp_program* program;
};

XdpNeighbour::XdpNeighbour(const NetNs& ns, const std::string& dev, unsigned order) {
  libxdp_set_print(nullptr);
  libbpf_set_print(nullptr);
  std::size_t size = 0;
  const void* elf = xdp_neighbour__elf_bytes(&size);
  bpf_object* object = bpf_object__open_mem(elf, size, nullptr);
  if (!object) throw_errno("opening the neighbour's program");
  DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object, .prog_name = "xdp_neighbour");
  xdp_program* program = xdp_program__create(&options);
  if (libxdp_get_error(program)) throw_errno("making the neighbour's program");
  xdp_program__set_run_prio(program, order);
  loaded_ = std::make_unique<Loaded>(&ns, ifindex(ns, dev), object, program);
  ns.in([&] {
    if (xdp_program__attach(program, loaded_->ifindex, XDP_MODE_NATIVE, 0))
      throw_errno("attaching the neighbour's program to \"" + dev + "\"");
  });
}

XdpNeighbour::~XdpNeighbour() {
  loaded_->ns->in(
      [&] { xdp_program__detach(loaded_->program, loaded_->ifindex, XDP_MODE_NATIVE, 0); });
  xdp_program__close(loaded_->program);
  bpf_object__close(loaded_->object);
}

std::uint64_t XdpNeighbour::frames() const {
  constexpr std::uint32_t kOnly = 0;
  std::uint64_t count = 0;
  const int map = bpf_object__find_map_fd_by_name(loaded_->object, "frames");
  if (bpf_map_lookup_elem(map, &kOnly, &count)) throw_errno("reading the neighbour's count");
  return count;
}

}  // namespace xvnet::test
