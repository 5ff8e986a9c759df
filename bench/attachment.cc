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

// enum bpf_attach_type since Linux 6.6; Debian 12's headers are older.
constexpr int kTcxIngress = 46;
constexpr int kTcxEgress = 47;

struct Described {
  const char* name;
  int attach_type;
};

// By the numbers of Program.
constexpr std::array<Described, 7> kPrograms = {{
    {"drop_xdp", BPF_XDP},
    {"redirect_xdp", BPF_XDP},
    {"drop_tc", kTcxIngress},
    {"redirect_tc", kTcxIngress},
    {"push_tag", kTcxEgress},
    {"pop_tag", kTcxIngress},
    {"count_and_drop", kTcxIngress},
}};

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
  loaded_->link = test::UniqueFd(ns.in([&] {
    return bpf_link_create(bpf_program__fd(chosen), ifindex,
                           static_cast<bpf_attach_type>(described.attach_type), nullptr);
  }));
  if (!loaded_->link)
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
