// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/machine.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/filter.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <span>

#include "loader/linux/bpf_object.h"
#include "loader/linux/btf_fields.h"
#include "loader/linux/capabilities.h"
#include "loader/linux/kernel_btf.h"
#include "loader/linux/library_log.h"
#include "loader/linux/pin_root.h"
#include "loader/linux/pinned_link.h"

namespace xvnet {
namespace {

constexpr int kOldestMajor = 6;
constexpr int kOldestMinor = 1;

// Returns the first line of a file, or nothing if it cannot be read.
std::optional<std::string> read_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

Finding examine_version() {
  utsname name{};
  uname(&name);
  int major = 0;
  int minor = 0;
  std::sscanf(name.release, "%d.%d", &major, &minor);
  bool is_old = major < kOldestMajor || (major == kOldestMajor && minor < kOldestMinor);
  if (!is_old) return {"kernel", Health::kOk, name.release, ""};
  return {"kernel", Health::kWarn,
          fmt::format("{} is older than the kernels that xvnet is tested on", name.release),
          fmt::format("Linux {}.{} or newer", kOldestMajor, kOldestMinor)};
}

Finding examine_capabilities(const Result<std::vector<std::string>>& missing) {
  if (!missing) return {"capabilities", Health::kFail, missing.error().message, ""};
  if (missing->empty()) return {"capabilities", Health::kOk, "sufficient", ""};
  return {"capabilities", Health::kFail, fmt::format("{} missing", fmt::join(*missing, ", ")),
          kCapabilityHint};
}

Finding examine_bpffs(const std::string& pin_root) {
  if (is_bpffs_mounted())
    return {"bpffs", Health::kOk, fmt::format("pins are under {}", pin_root), ""};
  if (is_mount_namespace_private()) {
    return {"bpffs", Health::kFail,
            fmt::format("{} is not a bpffs in this mount namespace", kBpffs),
            "enter network namespaces with `nsenter --net=`, not `ip netns exec`"};
  }
  return {"bpffs", Health::kWarn,
          fmt::format("not mounted on {}: what was attached is not visible inside `ip netns exec` "
                      "(use `nsenter --net=`), or gone if it was unmounted",
                      kBpffs),
          fmt::format("mount -t bpf -o mode=0700 bpf {}", kBpffs)};
}

// Whether the kernel compiles a program of two instructions; nothing if the program does not load.
std::optional<bool> is_program_compiled() {
  const bpf_insn instructions[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  FileDescriptor program(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "xvnet_probe", "GPL",
                                       instructions, std::size(instructions), nullptr));
  if (!program.is_open()) return std::nullopt;
  auto info = program_info(program);
  return info ? std::optional(info->jited_prog_len > 0) : std::nullopt;
}

Finding examine_jit() {
  // The file exists only in the initial network namespace.
  auto setting = read_line("/proc/sys/net/core/bpf_jit_enable");
  std::optional<bool> is_on = setting ? std::optional(*setting != "0") : is_program_compiled();
  if (!is_on)
    return {"jit", Health::kWarn, "cannot tell whether the BPF compiler is on", "run as root"};
  if (*is_on) return {"jit", Health::kOk, "on", ""};
  return {"jit", Health::kWarn, "off: each frame costs several times more",
          "sysctl net.core.bpf_jit_enable=1"};
}

Finding examine_tcx() {
  if (is_tcx_supported()) return {"tcx", Health::kOk, "programs attach by links", ""};
  return {"tcx", Health::kOk, "this kernel has no tcx: programs attach as clsact filters", ""};
}

Finding examine_btf() {
  if (has_kernel_btf()) return {"btf", Health::kOk, "the kernel describes its types", ""};
  return {"btf", Health::kFail, kNoKernelBtf, kKernelBtfHint};
}

Finding examine_lockdown() {
  auto line = read_line("/sys/kernel/security/lockdown");
  if (!line) return {"lockdown", Health::kOk, "not active", ""};
  std::size_t begin = line->find('[');
  std::string mode = line->substr(begin + 1, line->find(']') - begin - 1);
  if (mode != "confidentiality") return {"lockdown", Health::kOk, mode, ""};
  return {"lockdown", Health::kWarn, mode + ": BPF programs may be refused",
          "boot with lockdown=integrity"};
}

// Since 6.13, and in updates of older kernels, the verifier tracks which functions change packet
// data. It refuses a replacement that changes packet data if the replaced function does not.
bool are_packet_changes_checked() {
  const Btf host(btf__load_vmlinux_btf());
  const int id = host ? btf__find_by_name_kind(host.get(), "bpf_prog_aux", BTF_KIND_STRUCT) : -1;
  if (id < 0) return false;
  const btf_type* type = btf__type_by_id(host.get(), static_cast<std::uint32_t>(id));
  return std::ranges::any_of(std::span(btf_members(type), btf_vlen(type)), [&](const auto& each) {
    return std::string_view(btf__name_by_offset(host.get(), each.name_off)) == "changes_pkt_data";
  });
}

Finding examine_sharing() {
  LibraryLog quiet;
  std::string detail = "this kernel has freplace programs";
  if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, nullptr) != 1)
    detail = "not possible: this kernel refuses freplace programs";
  else if (are_packet_changes_checked())
    detail =
        "not possible with Debian 12's libxdp: this kernel refuses freplace programs that move "
        "packet data where libxdp's dispatcher does not";
  return {"shared xdp", Health::kOk, detail, ""};
}

}  // namespace

std::vector<Finding> examine_machine(const std::string& pin_root) {
  silence_libraries();
  auto missing = missing_capabilities();
  std::vector<Finding> findings = {examine_version(),       examine_capabilities(missing),
                                   examine_bpffs(pin_root), examine_jit(),
                                   examine_btf(),           examine_lockdown()};
  // The kernel answers these questions only to a process with the capabilities.
  if (missing && missing->empty()) {
    findings.push_back(examine_tcx());
    findings.push_back(examine_sharing());
  }
  return findings;
}

}  // namespace xvnet
