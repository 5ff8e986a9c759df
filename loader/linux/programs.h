// SPDX-License-Identifier: BSD-2-Clause
//
// The programs and maps that are built in: loading and pinning them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "loader/kernel.h"
#include "loader/linux/pin_root.h"

struct bpf_object;

namespace xvnet {

enum class VerifierLog { kLastLines, kWhole };  // of a refusal; the whole goes to stderr

constexpr std::size_t kTableCount = static_cast<std::size_t>(TableId::kMeta) + 1;

std::string_view program_name(Program program);
std::string_view table_name(TableId id);

// Identifies the built-in programs.
std::string build_id();

// Loads and pins every map and program that is not pinned yet.
Result<void> load_programs(const PinRoot& root, VerifierLog log);
// Whether every map and program is pinned.
bool are_programs_loaded(const PinRoot& root);
// Unpins the programs.
Result<void> forget_programs(const PinRoot& root);

struct CloseObject {
  void operator()(bpf_object* object) const;
};
using ObjectPointer = std::unique_ptr<bpf_object, CloseObject>;

// The object of the XDP programs, not loaded, with the pinned maps and of its programs only
// `program`.
Result<ObjectPointer> open_xdp_object(const PinRoot& root, Program program);

}  // namespace xvnet
