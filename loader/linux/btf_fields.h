// SPDX-License-Identifier: BSD-2-Clause
//
// The fields of a table's entries, from the compiler's BTF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "loader/base/result.h"

struct btf;

namespace xvnet {

struct FreeBtf {
  void operator()(btf* types) const;
};
using Btf = std::unique_ptr<btf, FreeBtf>;

// A number inside a struct, such as "device.name[3]".
struct BtfField {
  std::string path;
  std::size_t offset = 0;  // bytes
  std::size_t size = 0;    // bytes
  bool operator==(const BtfField&) const = default;
};

// Flattens structs and arrays into numbers. A type that is itself a number has one field with an
// empty path.
Result<std::vector<BtfField>> fields_of_type(const btf* types, std::uint32_t type);

}  // namespace xvnet
