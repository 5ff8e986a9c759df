// SPDX-License-Identifier: BSD-2-Clause
//
// Loads and pins the built-in programs and maps.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/host.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

struct bpf_object;

namespace xvnet {

enum class VerifierLog { kLastLines, kWhole };  // of a refusal; kWhole prints it on stderr

// Identifies the built-in programs, in all variants.
std::string build_id();

// Loads and pins every map and program that is not pinned yet, except the tail-called programs and
// their tables.
Result<void> load_programs(const PinRoot& root, VerifierLog log);
// Loads and pins the tail-called programs and their tables. They are more than half of the
// verifier's work, and most of the memory of an instance.
Result<void> load_tail_calls(const PinRoot& root, VerifierLog log);
// Loads every program again and pins it in place of the previous one. Tail-called programs are
// loaded only if they are pinned.
Result<void> load_programs_again(const PinRoot& root, VerifierLog log);
// Loads everything for a root that replaces the root of another version. A table whose layout is
// unchanged is shared by both; other tables start with a copy of the previous entries.
Result<void> load_programs_after(const PinRoot& root, const PinRoot& previous, VerifierLog log);

// Returns, or pins again, all programs. A tail-called program that is not pinned is a closed
// descriptor.
Result<std::vector<FileDescriptor>> pinned_programs(const PinRoot& root);
Result<void> pin_programs(const PinRoot& root, const std::vector<FileDescriptor>& programs);

// Whether every map and program is pinned, except the tail-called programs and their tables.
bool are_programs_loaded(const PinRoot& root);
// Return the names of missing pins. Tail-called programs and their tables are expected only if the
// instance has loaded some of them.
std::vector<std::string> missing_tables(const PinRoot& root);
std::vector<std::string> missing_programs(const PinRoot& root);
// Unpins the programs.
Result<void> forget_programs(const PinRoot& root);

struct CloseObject {
  void operator()(bpf_object* object) const;
};
using ObjectPointer = std::unique_ptr<bpf_object, CloseObject>;

// Opens the object of the XDP programs without loading it. It uses the pinned maps, and loads only
// `program`.
Result<ObjectPointer> open_xdp_object(const PinRoot& root, Program program);

}  // namespace xvnet
