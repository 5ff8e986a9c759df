// SPDX-License-Identifier: BSD-2-Clause
//
// Loads every program through this kernel's verifier one by one, so that a refusal names the
// program. This includes the probing programs (bpf/hook/kernel.h), which later kernels also accept.
// The test records how many instructions the verifier processed. The kernel's limit is a million.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loader/linux/kernel_btf.h"
#include "xvnet_tc.skel.h"
#include "xvnet_tc_probing.skel.h"
#include "xvnet_xdp.skel.h"
#include "xvnet_xdp_probing.skel.h"

namespace {

constexpr std::uint32_t kMostInstructions = 500'000;  // half of the kernel's limit: room to grow

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

// An object file of xvnet that is embedded in this program.
struct File {
  const char* name;
  const void* (*bytes)(std::size_t* size);
  bool is_probing = false;
  bool is_xdp = false;
};
constexpr File kFiles[] = {{"tc", xvnet_tc__elf_bytes},
                           {"xdp", xvnet_xdp__elf_bytes, false, true},
                           {"tc_probing", xvnet_tc_probing__elf_bytes, true},
                           {"xdp_probing", xvnet_xdp_probing__elf_bytes, true, true}};

Object open(const File& file) {
  std::size_t size = 0;
  const void* bytes = file.bytes(&size);
  return Object(bpf_object__open_mem(bytes, size, nullptr));
}

struct Program {
  const File* file;
  std::string name;
};

std::string title(const Program& program) {
  return program.name + (program.file->is_probing ? "_probing" : "");
}
void PrintTo(const Program& program, std::ostream* out) { *out << title(program); }

std::vector<Program> programs() {
  std::vector<Program> all;
  for (const File& file : kFiles) {
    const Object object = open(file);
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get())
        all.push_back({&file, bpf_program__name(program)});
  }
  return all;
}

std::string verifier_log;

int keep_log(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  char line[8192];
  vsnprintf(line, sizeof line, format, arguments);
  return static_cast<int>((verifier_log += line).size());
}

std::uint32_t verified_instructions(int fd) {
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  EXPECT_EQ(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
  return info.verified_insns;
}

class Verifier : public ::testing::TestWithParam<Program> {};

TEST_P(Verifier, Accepts) {
  if (!GetParam().file->is_probing && !xvnet::does_kernel_show_context())
    GTEST_SKIP()
        << "this kernel lacks bpf_cast_to_kern_ctx() and runs the probing programs instead";
  const Object object = open(*GetParam().file);
  ASSERT_NE(object, nullptr);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get())
      bpf_program__set_autoload(program, GetParam().name == bpf_program__name(program));
  libbpf_set_print(keep_log);
  verifier_log.clear();
  ASSERT_EQ(bpf_object__load(object.get()), 0) << verifier_log;
  program = bpf_object__find_program_by_name(object.get(), GetParam().name.c_str());
  const std::uint32_t instructions = verified_instructions(bpf_program__fd(program));
  RecordProperty("instructions", std::to_string(instructions));
  EXPECT_GT(instructions, 0U);
  EXPECT_LT(instructions, kMostInstructions);
}

INSTANTIATE_TEST_SUITE_P(Every, Verifier, ::testing::ValuesIn(programs()),
                         [](const auto& info) { return title(info.param); });

// Constants would be in a map that each load makes anew. shared_xdp.cc recognizes a copy of an XDP
// program by its instructions and its tables.
TEST(Verifier, XdpKeepsItsConstantsInItsInstructions) {
  for (const File& file : kFiles) {
    if (!file.is_xdp) continue;
    const Object object = open(file);
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object.get()) EXPECT_FALSE(bpf_map__is_internal(map))
        << file.name << ": " << bpf_map__name(map);
  }
}

// If the kernel lacks a kfunc, libbpf searches the kernel's modules, which needs CAP_SYS_ADMIN.
TEST(Verifier, ProbingProgramsDoNotReferenceTheKfunc) {
  for (const File& file : kFiles) {
    std::size_t size = 0;
    const void* bytes = file.bytes(&size);
    const std::string_view text(static_cast<const char*>(bytes), size);
    EXPECT_EQ(text.contains("kern_ctx"), !file.is_probing) << file.name;
  }
}

TEST(Verifier, ListCoversEveryProgram) { EXPECT_EQ(programs().size(), 2 * 9U); }

}  // namespace
