// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <span>

#include "loader/base/tables.h"
#include "loader/linux/bpf_object.h"
#include "loader/linux/embedded.h"
#include "loader/linux/kernel_btf.h"
#include "loader/linux/library_log.h"
#include "loader/linux/migration.h"
#include "loader/linux/verifier_log.h"
#include "maps/tail_calls.h"

namespace xvnet {
namespace {

// The program array of the tail calls.
constexpr std::string_view kProgramMap = TAIL_CALL_MAP_NAME;

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;
constexpr std::uint64_t kFnvPrime = 0x100000001b3;

std::uint64_t hash(std::uint64_t basis, std::span<const std::byte> bytes) {
  for (std::byte each : bytes) basis = (basis ^ std::to_integer<std::uint64_t>(each)) * kFnvPrime;
  return basis;
}

// The maps that libbpf creates for data sections have a dot in their names.
bool is_table(const bpf_map* map) {
  return std::string_view(bpf_map__name(map)).find('.') == std::string_view::npos;
}

Result<ObjectPointer> open_object(std::span<const std::byte> bytes, const char* name) {
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name);
  ObjectPointer object(bpf_object__open_mem(bytes.data(), bytes.size(), &options));
  if (!object) return fail_errno(errno, fmt::format("open object {:?}", name));
  return object;
}

Result<void> reuse_map(bpf_map* map, const FileDescriptor& pinned) {
  std::string doing = fmt::format("reuse table {:?}", bpf_map__name(map));
  auto info = map_info(pinned);
  if (!info) return fail_errno(info.error(), doing);
  if (info->type != bpf_map__type(map) || info->key_size != bpf_map__key_size(map) ||
      info->value_size != bpf_map__value_size(map) ||
      info->max_entries != bpf_map__max_entries(map) ||
      comparable_flags(info->map_flags) != comparable_flags(bpf_map__map_flags(map))) {
    return fail(doing + ": the pinned table has another layout",
                "run `«down»` of the version that created it");
  }
  if (int error = bpf_map__reuse_fd(map, pinned.get())) return fail_errno(-error, doing);
  return {};
}

// Pins a previous version's table in this root too, if its layout is unchanged.
Result<void> share_table(const bpf_object* object, const bpf_map* map, const PinRoot& root,
                         const PinRoot& previous) {
  const std::string name = bpf_map__name(map);
  const std::string path = root.map(name);
  // Each version has its own meta entry, and its programs tail-call only each other.
  const bool is_own = name == table_name(TableId::kMeta) || name == kProgramMap;
  if (is_own || is_pinned(path)) return {};
  auto old = open_pin(previous.map(name));
  if (!old && old.error() == ENOENT) return {};
  if (!old) return fail_errno(old.error(), fmt::format("open pin {:?}", previous.map(name)));
  XVNET_ASSIGN(old_layout, layout_of(*old, name));
  XVNET_ASSIGN(new_layout, layout_of(object, map));
  return old_layout == new_layout ? pin(*old, path) : Result<void>{};
}

enum class Which { kMissing, kAll, kTailCalls };

struct Loading {
  const PinRoot& root;
  const PinRoot* previous;  // its tables are shared; null for none
  Which which;
  VerifierLog log;
};

bool is_tail_call_table(std::string_view name) {
  return std::ranges::any_of(kTableShapes, [name](const TableShape& shape) {
    return shape.made == Made::kTailCalls && shape.name == name;
  });
}

bool is_to_be_made(const Loading& loading, const std::string& table) {
  return !is_tail_call_table(table) || loading.which == Which::kTailCalls ||
         is_pinned(loading.root.map(table)) ||
         (loading.previous && is_pinned(loading.previous->map(table)));
}

// Reuses pinned maps; the load pins the missing ones.
Result<void> prepare_maps(bpf_object* object, const Loading& loading) {
  const PinRoot& root = loading.root;
  bpf_map* map;
  bpf_object__for_each_map(map, object) {
    if (!is_table(map)) continue;
    if (!is_to_be_made(loading, bpf_map__name(map))) {
      bpf_map__set_autocreate(map, false);
      continue;
    }
    if (loading.previous) XVNET_TRY(share_table(object, map, root, *loading.previous));
    std::string path = root.map(bpf_map__name(map));
    auto pinned = open_pin(path);
    if (pinned) {
      XVNET_TRY(reuse_map(map, *pinned));
    } else if (pinned.error() != ENOENT) {
      return fail_errno(pinned.error(), fmt::format("open pin {:?}", path));
    } else if (int error = bpf_map__set_pin_path(map, path.c_str())) {
      return fail_errno(-error, fmt::format("pin table {:?}", bpf_map__name(map)));
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
        fmt::format("load program {:?}: the kernel's verifier refused it: {}{}", refusal.program,
                    refusal.cause, refusal.context),
        log == VerifierLog::kWhole ? "" : "‹verbose_verifier› shows the verifier's whole log"};
  }
  if (!has_kernel_btf())
    return fail(ErrorKind::kUnsupported,
                fmt::format("load programs of {:?}: {}", name, kNoKernelBtf), kKernelBtfHint)
        .error();
  auto failure = fail_errno(number, fmt::format("load programs of {:?}", name));
  if (number == EPERM || number == EACCES) {
    failure.error().hint =
        "CAP_BPF and CAP_NET_ADMIN of the initial user namespace are needed, and no lockdown";
  } else if (!library.text().empty()) {
    std::string_view text = library.text();
    failure.error().message += fmt::format(" ({})", text.substr(0, text.find('\n')));
  }
  return failure.error();
}

bool is_tail_called(std::string_view name) {
  return std::ranges::any_of(kTailCalls,
                             [name](Program each) { return program_name(each) == name; });
}

// For tail-called programs, kAll means those that are pinned already.
bool is_to_be_loaded(const Loading& loading, std::string_view name) {
  const bool is_there = is_pinned(loading.root.program(name));
  switch (loading.which) {
    case Which::kMissing:
      return !is_tail_called(name) && !is_there;
    case Which::kTailCalls:
      return is_tail_called(name) && !is_there;
    case Which::kAll:
      return !is_tail_called(name) || is_there;
  }
  return false;
}

Result<void> load_object(std::span<const std::byte> bytes, const char* name,
                         const Loading& loading) {
  LibraryLog library;
  const PinRoot& root = loading.root;
  XVNET_ASSIGN(object, open_object(bytes, name));
  XVNET_TRY(prepare_maps(object.get(), loading));
  bpf_program* program;
  bpf_object__for_each_program(program, object.get()) {
    bpf_program__set_autoload(program, is_to_be_loaded(loading, bpf_program__name(program)));
  }
  if (int error = bpf_object__load(object.get())) {
    return std::unexpected(load_error(-error, name, library, loading.log));
  }
  bpf_object__for_each_program(program, object.get()) {
    if (!bpf_program__autoload(program)) continue;
    std::string path = root.next_program(bpf_program__name(program));
    XVNET_TRY(unpin(path));  // left by an interrupted command
    if (int error = bpf_program__pin(program, path.c_str())) {
      return fail_errno(-error, fmt::format("pin program {:?}", bpf_program__name(program)));
    }
  }
  return {};
}

Result<void> set_tail_calls(const PinRoot& root) {
  const auto map = open_pin(root.map(kProgramMap));
  if (!map) return fail_errno(map.error(), fmt::format("open table {:?}", kProgramMap));
  for (std::uint32_t at = 0; at < kTailCalls.size(); at++) {
    const std::string path = root.program(program_name(kTailCalls[at]));
    const auto program = open_pin(path);
    if (!program && program.error() == ENOENT) continue;
    if (!program) return fail_errno(program.error(), fmt::format("open pin {:?}", path));
    const int fd = program->get();
    if (bpf_map_update_elem(map->get(), &at, &fd, BPF_ANY))
      return fail_errno(errno, fmt::format("write table {:?}", kProgramMap));
  }
  return {};
}

// All programs have been accepted: moves them to their final pins.
Result<void> promote_programs(const PinRoot& root) {
  for (Program each : kPrograms) {
    const std::string next = root.next_program(program_name(each));
    if (rename(next.c_str(), root.program(program_name(each)).c_str()) && errno != ENOENT)
      return fail_errno(errno, fmt::format("rename pin {:?}", next));
  }
  return set_tail_calls(root);
}

Result<void> load_objects(const Loading& loading) {
  // Load tc first: its object has every table, that of XDP only some.
  auto done = load_object(embedded_tc_object(), "xvnet_tc", loading);
  if (done && loading.which != Which::kTailCalls)
    done = load_object(embedded_xdp_object(), "xvnet_xdp", loading);
  if (done) return promote_programs(loading.root);
  for (Program each : kPrograms) XVNET_TRY(unpin(loading.root.next_program(program_name(each))));
  return done;
}

Result<void> take_over_table(const PinRoot& root, const PinRoot& previous,
                             const std::string& name) {
  auto from = open_pin(previous.map(name));
  if (!from && from.error() == ENOENT) return {};
  if (!from) return fail_errno(from.error(), fmt::format("open pin {:?}", previous.map(name)));
  auto to = open_pin(root.map(name));
  if (!to) return fail_errno(to.error(), fmt::format("open pin {:?}", root.map(name)));
  auto from_info = map_info(*from);
  auto to_info = map_info(*to);
  if (from_info && to_info && from_info->id == to_info->id) return {};
  return copy_entries(*from, *to, name);
}

}  // namespace

void CloseObject::operator()(bpf_object* object) const { bpf_object__close(object); }

std::string build_id() {
  std::uint64_t of_all = kFnvBasis;
  for (std::span<const std::byte> each : embedded_objects()) of_all = hash(of_all, each);
  return fmt::format("{:016x}", of_all);
}

bool are_programs_loaded(const PinRoot& root) {
  for (Program each : kPrograms) {
    const std::string_view name = program_name(each);
    if (!is_tail_called(name) && !is_pinned(root.program(name))) return false;
  }
  for (const TableShape& shape : kTableShapes)
    if (shape.made == Made::kAlways && !is_pinned(root.map(shape.name))) return false;
  return true;
}

std::vector<std::string> missing_tables(const PinRoot& root) {
  const bool has_tail_calls = std::ranges::any_of(
      kTailCalls, [&root](Program each) { return is_pinned(root.program(program_name(each))); });
  std::vector<std::string> names{std::string(kProgramMap)};
  for (const TableShape& shape : kTableShapes)
    if (has_tail_calls || shape.made == Made::kAlways) names.emplace_back(shape.name);
  std::erase_if(names, [&root](const std::string& name) { return is_pinned(root.map(name)); });
  return names;
}

std::vector<std::string> missing_programs(const PinRoot& root) {
  std::vector<std::string> names;
  const bool has_tail_calls = std::ranges::any_of(kTableShapes, [&root](const TableShape& shape) {
    return shape.made == Made::kTailCalls && is_pinned(root.map(shape.name));
  });
  for (Program each : kPrograms) {
    const std::string_view name = program_name(each);
    if ((has_tail_calls || !is_tail_called(name)) && !is_pinned(root.program(name)))
      names.emplace_back(name);
  }
  return names;
}

Result<void> load_programs(const PinRoot& root, VerifierLog log) {
  return load_objects({.root = root, .previous = nullptr, .which = Which::kMissing, .log = log});
}

Result<void> load_tail_calls(const PinRoot& root, VerifierLog log) {
  const bool are_there = std::ranges::all_of(
      kTailCalls, [&root](Program each) { return is_pinned(root.program(program_name(each))); });
  const bool have_tables = std::ranges::all_of(
      kTableShapes, [&root](const TableShape& shape) { return is_pinned(root.map(shape.name)); });
  if (are_there && have_tables) return {};
  return load_objects({.root = root, .previous = nullptr, .which = Which::kTailCalls, .log = log});
}

Result<void> load_programs_again(const PinRoot& root, VerifierLog log) {
  return load_objects({.root = root, .previous = nullptr, .which = Which::kAll, .log = log});
}

Result<void> load_programs_after(const PinRoot& root, const PinRoot& previous, VerifierLog log) {
  XVNET_TRY(load_objects({.root = root, .previous = &previous, .which = Which::kAll, .log = log}));
  for (const TableShape& shape : kTableShapes)
    XVNET_TRY(take_over_table(root, previous, std::string(shape.name)));
  return {};
}

Result<std::vector<FileDescriptor>> pinned_programs(const PinRoot& root) {
  std::vector<FileDescriptor> programs;
  for (Program each : kPrograms) {
    const std::string path = root.program(program_name(each));
    auto program = open_pin(path);
    if (!program && !(program.error() == ENOENT && is_tail_called(program_name(each))))
      return fail_errno(program.error(), fmt::format("open pin {:?}", path));
    programs.push_back(program ? std::move(*program) : FileDescriptor());
  }
  return programs;
}

Result<void> pin_programs(const PinRoot& root, const std::vector<FileDescriptor>& programs) {
  for (std::size_t at = 0; at < kPrograms.size(); at++) {
    if (!programs[at].is_open()) continue;
    const std::string next = root.next_program(program_name(kPrograms[at]));
    XVNET_TRY(unpin(next));
    XVNET_TRY(pin(programs[at], next));
  }
  return promote_programs(root);
}

Result<void> forget_programs(const PinRoot& root) {
  for (Program each : kPrograms) XVNET_TRY(unpin(root.program(program_name(each))));
  return {};
}

Result<ObjectPointer> open_xdp_object(const PinRoot& root, Program program) {
  XVNET_ASSIGN(object, open_object(embedded_xdp_object(), "xvnet_xdp"));
  XVNET_TRY(prepare_maps(object.get(), {root, nullptr, Which::kMissing, VerifierLog::kLastLines}));
  bpf_program* each;
  bpf_object__for_each_program(each, object.get()) {
    bpf_program__set_autoload(each, bpf_program__name(each) == program_name(program));
  }
  return std::move(object);
}

}  // namespace xvnet
