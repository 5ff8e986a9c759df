// SPDX-License-Identifier: BSD-2-Clause
//
// The programs and maps that are built in: loading and pinning them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loader/kernel.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

struct bpf_object;

namespace xvnet {

enum class VerifierLog { kLastLines, kWhole };  // of a refusal; the whole goes to stderr

// Identifies the built-in programs, whichever of them this kernel can load.
std::string build_id();

// Loads and pins every map and program that is not pinned yet, but for the continuations and their
// tables.
Result<void> load_programs(const PinRoot& root, VerifierLog log);
// The continuations too, and their tables: programs that others go on in, more than half of what
// the verifier looks through, and most of the memory of an instance.
Result<void> load_continuations(const PinRoot& root, VerifierLog log);
// Loads every program anew, continuations where there are some, and pins it in the place of the
// former one.
Result<void> load_programs_again(const PinRoot& root, VerifierLog log);
// Loads everything for a root that follows another version's. A table whose layout has not changed
// is the same one in both; the others begin with the former entries.
Result<void> load_programs_after(const PinRoot& root, const PinRoot& former, VerifierLog log);

// The pinned programs, and putting them back. Continuations that are not there are closed.
Result<std::vector<FileDescriptor>> pinned_programs(const PinRoot& root);
Result<void> pin_programs(const PinRoot& root, const std::vector<FileDescriptor>& programs);

// Whether every map and program is pinned, but for the continuations and their tables.
bool are_programs_loaded(const PinRoot& root);
// The names of the pins that are missing. Continuations and their tables come late: of a table of
// theirs it is only said where a program is pinned that uses it.
std::vector<std::string> missing_tables(const PinRoot& root);
std::vector<std::string> missing_programs(const PinRoot& root);
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
