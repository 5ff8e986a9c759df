// SPDX-License-Identifier: BSD-2-Clause
//
// Builds the frame that the steps after a `from` describe. Type, length and checksum fields match
// the content, unless a fault step changes them. Layers may come in any order, even in one that no
// protocol allows.
#pragma once

#include <span>

#include "checksum.h"
#include "recipe.h"

namespace xvnet::test {

Bytes build_frame(std::span<const Step> steps);

}  // namespace xvnet::test
