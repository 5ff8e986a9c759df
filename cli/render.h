// SPDX-License-Identifier: BSD-2-Clause
//
// The output of commands: aligned text for people, JSON with stable keys for programs. Every result
// ends with a newline. The columns are in cli/columns.h.
#pragma once

#include <string>
#include <vector>

#include "loader/base/finding.h"
#include "loader/show/view.h"

namespace xvnet::cli {

enum class Format { kText, kJson };
enum class Detail { kFull, kBrief };

// Full text: a table with a header. Brief text: one line per object with the most important
// columns. JSON: one line of ASCII with an array of objects; bytes that are not UTF-8 become
// U+FFFD.
struct Style {
  Format format = Format::kText;
  Detail detail = Detail::kFull;
};

// For every view that has columns.
template <typename View>
std::string render(const std::vector<View>& views, Style style);

// In brief text the first word is the kind of the object. JSON is one object.
std::string render_overview(const std::vector<PortView>& ports,
                            const std::vector<NetworkView>& networks,
                            const std::vector<UplinkView>& uplinks, Style style);

// The steps of a dry run.
std::string render_steps(const std::vector<std::string>& steps, Style style);

}  // namespace xvnet::cli
