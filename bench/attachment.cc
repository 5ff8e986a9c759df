// SPDX-License-Identifier: BSD-2-Clause
#include "attachment.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>

#include "floors.skel.h"
#include "link.h"

namespace xvnet::bench {

namespace {

// Values of enum bpf_attach_type since Linux 6.6; Debian 12's headers are older.
constexpr int kTcxIngress = 46;
constexpr int kTcxEgress = 47;

struct Described {
  const char* name;
  int attach_type;
};

// Indexed by Program.
constexpr std::array<Described, 7> kPrograms = {{
    {"drop_xdp", BPF_XDP},
    {"redirect_xdp", BPF_XDP},
    {"drop_tc", kTcxIngress},
    {"redirect_tc", kTcxIngress},
    {"push_tag", kTcxEgress},
    {"pop_tag", kTcxIngress},
    {"count_and_drop", kTcxIngress},
}};

// For Linux before 6.6, which has no tcx. The filter is removed with the device.
int attach_by_clsact(int program, int ifindex, int attach_type) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = ifindex;
  hook.attach_point = attach_type == kTcxEgress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
  bpf_tc_opts options{};
  options.sz = sizeof(options);
  options.prog_fd = program;
  const int made = bpf_tc_hook_create(&hook);
  return made != 0 && made != -EEXIST ? made : bpf_tc_attach(&hook, &options);
}

}  // namespace

struct Attachment::Loaded {
  std::unique_ptr<floors, decltype(&floors::destroy)> object{nullptr, &floors::destroy};
  test::UniqueFd link;
};

Attachment::Attachment(const test::NetNs& ns, const std::string& dev, Program program)
    : Attachment(ns, dev, program, Settings{}) {}

Attachment::Attachment(const test::NetNs& ns, const std::string& dev, Program program,
                       const Settings& settings)
    : loaded_(std::make_unique<Loaded>()) {
  const Described& described = kPrograms.at(static_cast<size_t>(program));
  loaded_->object.reset(floors__open());
  floors* object = loaded_->object.get();
  if (object == nullptr) test::throw_errno("opening the benchmark's programs");
  object->rodata->target_ifindex = static_cast<uint32_t>(settings.target_ifindex);
  object->rodata->vid = settings.vid;
  if (floors__load(object) != 0) test::throw_errno("loading the benchmark's programs");
  const bpf_program* chosen = bpf_object__find_program_by_name(object->obj, described.name);
  const int ifindex = test::ifindex(ns, dev);
  const int fd = bpf_program__fd(chosen);
  const int type = described.attach_type;
  const bool is_attached = ns.in([&] {
    loaded_->link =
        test::UniqueFd(bpf_link_create(fd, ifindex, static_cast<bpf_attach_type>(type), nullptr));
    const bool has_no_tcx = !loaded_->link && errno == EINVAL && type != BPF_XDP;
    return loaded_->link || (has_no_tcx && attach_by_clsact(fd, ifindex, type) == 0);
  });
  if (!is_attached)
    test::throw_errno("attaching \"" + std::string(described.name) + "\" to \"" + dev + "\"");
}

Attachment::~Attachment() = default;
Attachment::Attachment(Attachment&&) noexcept = default;

uint64_t Attachment::arrived() const {
  constexpr uint32_t kOnly = 0;
  uint64_t count = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(loaded_->object->maps.arrived), &kOnly, &count) != 0)
    test::throw_errno("reading what arrived");
  return count;
}

}  // namespace xvnet::bench
