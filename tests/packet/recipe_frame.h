// SPDX-License-Identifier: BSD-2-Clause
//
// The frame that the steps behind a `from` describe. Type, length and checksum fields fit what
// follows them, unless a fault says otherwise; layers may come in any order, also where no protocol
// has them.
#pragma once

#include <span>

#include "checksum.h"
#include "recipe.h"

namespace xvnet::test {

Bytes build_frame(std::span<const Step> steps);

}  // namespace xvnet::test
