// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <span>

#include "loader/linux/bpf_object.h"
#include "loader/linux/embedded.h"
#include "loader/linux/library_log.h"
#include "loader/linux/verifier_log.h"

namespace xvnet {
namespace {

constexpr std::array kPrograms = {Program::kXdpFromVm, Program::kXdpFromUplink, Program::kTcFromVm,
                                  Program::kTcFromUplink, Program::kTcFromHost};

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;
constexpr std::uint64_t kFnvPrime = 0x100000001b3;

std::uint64_t hash(std::uint64_t basis, std::span<const std::byte> bytes) {
  for (std::byte each : bytes) basis = (basis ^ std::to_integer<std::uint64_t>(each)) * kFnvPrime;
  return basis;
}

// Maps that libbpf makes for the sections of variables have a dot in their names.
bool is_table(const bpf_map* map) {
  return std::string_view(bpf_map__name(map)).find('.') == std::string_view::npos;
}

Result<ObjectPointer> open_object(std::span<const std::byte> bytes, const char* name) {
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name);
  ObjectPointer object(bpf_object__open_mem(bytes.data(), bytes.size(), &options));
  if (!object) return fail_errno(errno, fmt::format("open object \"{}\"", name));
  return object;
}

// The kernel adds this flag to every device map (kernel/bpf/devmap.c).
std::uint32_t comparable_flags(std::uint32_t flags) {
  return flags & ~std::uint32_t{BPF_F_RDONLY_PROG};
}

Result<void> reuse_map(bpf_map* map, const FileDescriptor& pinned) {
  std::string doing = fmt::format("reuse table \"{}\"", bpf_map__name(map));
  auto info = map_info(pinned);
  if (!info) return fail_errno(info.error(), doing);
  if (info->type != bpf_map__type(map) || info->key_size != bpf_map__key_size(map) ||
      info->value_size != bpf_map__value_size(map) ||
      info->max_entries != bpf_map__max_entries(map) ||
      comparable_flags(info->map_flags) != comparable_flags(bpf_map__map_flags(map))) {
    return fail(doing + ": the pinned one is of another layout",
                "run `xvnet down` of the version that made it");
  }
  if (int error = bpf_map__reuse_fd(map, pinned.get())) return fail_errno(-error, doing);
  return {};
}

// A pinned map is taken, a missing one is pinned by the load.
Result<void> prepare_maps(bpf_object* object, const PinRoot& root) {
  bpf_map* map;
  bpf_object__for_each_map(map, object) {
    if (!is_table(map)) continue;
    std::string path = root.map(bpf_map__name(map));
    auto pinned = open_pin(path);
    if (pinned) {
      XVNET_TRY(reuse_map(map, *pinned));
    } else if (pinned.error() != ENOENT) {
      return fail_errno(pinned.error(), fmt::format("open pin \"{}\"", path));
    } else if (int error = bpf_map__set_pin_path(map, path.c_str())) {
      return fail_errno(-error, fmt::format("pin table \"{}\"", bpf_map__name(map)));
    }
  }
  return {};
}

Error load_error(int number, const char* name, const LibraryLog& library, VerifierLog log) {
  Refusal refusal = read_refusal(library.text());
  if (log == VerifierLog::kWhole) std::fputs(library.text().c_str(), stderr);
  if (!refusal.cause.empty()) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("load program \"{}\": the kernel's verifier refused it: {}{}", refusal.program,
                    refusal.cause, refusal.context),
        log == VerifierLog::kWhole ? "" : "--verbose-verifier shows the verifier's whole log"};
  }
  auto failure = fail_errno(number, fmt::format("load programs of \"{}\"", name));
  if (number == EPERM || number == EACCES) {
    failure.error().hint =
        "CAP_BPF and CAP_NET_ADMIN of the initial user namespace are needed, and no lockdown";
  } else if (!library.text().empty()) {
    std::string_view text = library.text();
    failure.error().message += fmt::format(" ({})", text.substr(0, text.find('\n')));
  }
  return failure.error();
}

Result<void> load_object(std::span<const std::byte> bytes, const char* name, const PinRoot& root,
                         VerifierLog log) {
  LibraryLog library;
  XVNET_ASSIGN(object, open_object(bytes, name));
  XVNET_TRY(prepare_maps(object.get(), root));
  bpf_program* program;
  bpf_object__for_each_program(program, object.get()) {
    bpf_program__set_autoload(program, !is_pinned(root.program(bpf_program__name(program))));
  }
  if (int error = bpf_object__load(object.get())) {
    return std::unexpected(load_error(-error, name, library, log));
  }
  bpf_object__for_each_program(program, object.get()) {
    if (!bpf_program__autoload(program)) continue;
    std::string path = root.program(bpf_program__name(program));
    if (int error = bpf_program__pin(program, path.c_str())) {
      return fail_errno(-error, fmt::format("pin program \"{}\"", bpf_program__name(program)));
    }
  }
  return {};
}

}  // namespace

void CloseObject::operator()(bpf_object* object) const { bpf_object__close(object); }

std::string_view program_name(Program program) {
  switch (program) {
    case Program::kXdpFromVm:
      return "xdp_from_vm";
    case Program::kXdpFromUplink:
      return "xdp_from_uplink";
    case Program::kTcFromVm:
      return "tc_from_vm";
    case Program::kTcFromUplink:
      return "tc_from_uplink";
    case Program::kTcFromHost:
      return "tc_from_host";
  }
  return "";
}

std::string_view table_name(TableId id) {
  switch (id) {
    case TableId::kInterfaces:
      return "interfaces";
    case TableId::kNetworks:
      return "networks";
    case TableId::kVlans:
      return "vlans";
    case TableId::kMembers:
      return "members";
    case TableId::kFdb:
      return "fdb";
    case TableId::kLearners:
      return "learners";
    case TableId::kDevices:
      return "devices";
    case TableId::kStats:
      return "stats";
    case TableId::kPortRecords:
      return "port_records";
    case TableId::kUplinkRecords:
      return "uplink_records";
    case TableId::kNetworkRecords:
      return "network_records";
    case TableId::kMeta:
      return "meta";
  }
  return "";
}

std::string build_id() {
  return fmt::format("{:016x}", hash(hash(kFnvBasis, embedded_tc_object()), embedded_xdp_object()));
}

bool are_programs_loaded(const PinRoot& root) {
  for (Program each : kPrograms) {
    if (!is_pinned(root.program(program_name(each)))) return false;
  }
  for (std::size_t at = 0; at < kTableCount; at++) {
    if (!is_pinned(root.map(table_name(static_cast<TableId>(at))))) return false;
  }
  return true;
}

Result<void> load_programs(const PinRoot& root, VerifierLog log) {
  // tc first: it has every table, XDP only some.
  XVNET_TRY(load_object(embedded_tc_object(), "xvnet_tc", root, log));
  return load_object(embedded_xdp_object(), "xvnet_xdp", root, log);
}

Result<void> forget_programs(const PinRoot& root) {
  for (Program each : kPrograms) XVNET_TRY(unpin(root.program(program_name(each))));
  return {};
}

Result<ObjectPointer> open_xdp_object(const PinRoot& root, Program program) {
  XVNET_ASSIGN(object, open_object(embedded_xdp_object(), "xvnet_xdp"));
  XVNET_TRY(prepare_maps(object.get(), root));
  bpf_program* each;
  bpf_object__for_each_program(each, object.get()) {
    bpf_program__set_autoload(each, bpf_program__name(each) == program_name(program));
  }
  return std::move(object);
}

}  // namespace xvnet
