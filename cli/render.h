// SPDX-License-Identifier: BSD-2-Clause
//
// The output of commands: aligned text for people, JSON with stable keys for programs. Every result
// ends with a newline. The columns are in cli/columns.h.
#pragma once

#include <string>
#include <vector>

#include "loader/view.h"

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

std::string render(const std::vector<PortView>& ports, Style style);
std::string render(const std::vector<NetworkView>& networks, Style style);
std::string render(const std::vector<UplinkView>& uplinks, Style style);
std::string render(const std::vector<FdbView>& entries, Style style);
std::string render(const std::vector<LeaseView>& leases, Style style);
std::string render(const std::vector<NatView>& entries, Style style);
std::string render(const std::vector<ForwardView>& forwards, Style style);
std::string render(const std::vector<StatsView>& stats, Style style);
std::string render(const std::vector<Finding>& findings, Style style);

// In brief text the first word is the kind of the object. JSON is one object.
std::string render_overview(const std::vector<PortView>& ports,
                            const std::vector<NetworkView>& networks,
                            const std::vector<UplinkView>& uplinks, Style style);

// The steps of a dry run.
std::string render_steps(const std::vector<std::string>& steps, Style style);

}  // namespace xvnet::cli
