// SPDX-License-Identifier: BSD-2-Clause
#include "cli/render.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/columns.h"
#include "cli/text.h"

namespace xvnet::cli {

namespace {

using Row = std::vector<std::string>;

constexpr std::size_t kGap = 2;  // spaces between columns

// Aligns the rows. Escapes unprintable characters, and shows an empty cell as "-". Lines have no
// trailing spaces.
std::string align_rows(std::vector<Row> rows, const std::vector<Align>& aligns) {
  std::vector<std::size_t> widths(aligns.size());
  for (auto& row : rows) {
    row.resize(aligns.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = row[i].empty() ? "-" : printable(row[i]);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width(row[i]), ' ');
      line += aligns[i] == Align::kLeft ? row[i] + space : space + row[i];
      line.append(kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

// The columns of a text, from the left.
template <typename View>
Columns<View> shown(const Columns<View>& columns, Place Column<View>::* place) {
  Columns<View> found;
  for (const auto& column : columns)
    if ((column.*place).number) found.push_back(column);
  std::ranges::sort(found, {}, [place](const auto& column) { return (column.*place).number; });
  return found;
}

template <typename View>
std::vector<Align> aligns_of(const Columns<View>& columns, Place Column<View>::* place) {
  std::vector<Align> aligns;
  for (const auto& column : columns) aligns.push_back((column.*place).align);
  return aligns;
}

template <typename View>
Row row_of(const View& view, const Columns<View>& columns) {
  Row row;
  for (const auto& column : columns) row.push_back(column.cell(view));
  return row;
}

template <typename View>
std::string table_of(const std::vector<View>& views) {
  const auto columns = shown(columns_of(View{}), &Column<View>::table);
  std::vector<Row> rows(1);
  for (const auto& column : columns) rows.front().push_back(column.title);
  for (const auto& view : views) rows.push_back(row_of(view, columns));
  return align_rows(std::move(rows), aligns_of(columns, &Column<View>::table));
}

template <typename View>
std::vector<Row> brief_rows(const std::vector<View>& views, std::string_view kind = {}) {
  const auto columns = shown(columns_of(View{}), &Column<View>::brief);
  std::vector<Row> rows;
  for (const auto& view : views) {
    rows.push_back(row_of(view, columns));
    if (!kind.empty()) rows.back().insert(rows.back().begin(), std::string(kind));
  }
  return rows;
}

template <typename View>
std::string brief_of(const std::vector<View>& views) {
  const auto columns = shown(columns_of(View{}), &Column<View>::brief);
  return align_rows(brief_rows(views), aligns_of(columns, &Column<View>::brief));
}

template <typename View>
Json object_of(const View& view) {
  Json object = Json::object();
  for (const auto& column : columns_of(view))
    if (!column.key.empty()) object[column.key] = column.value(view);
  return object;
}

Json direction_of(const DirectionView& direction) {
  Json drops = Json::object();
  for (const auto& drop : named_drops(direction)) drops[drop.name] = drop.count;
  return {{"packets", direction.packets}, {"bytes", direction.bytes}, {"drops", drops}};
}

Json object_of(const StatsView& stats) {
  return {{"name", stats.name},
          {"kind", stats.is_uplink ? "uplink" : "port"},
          {"from_" + peer_name(stats), direction_of(stats.from)},
          {"to_" + peer_name(stats), direction_of(stats.to)}};
}

template <typename View>
Json array_of(const std::vector<View>& views) {
  Json array = Json::array();
  for (const auto& view : views) array.push_back(object_of(view));
  return array;
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

// Formats "       3 dropped  hairpin: the destination is where it came from".
std::string drop_line(const NamedDrop& drop) {
  const char* fate = drop.fate == abi::FATE_NOTED ? "noted" : "dropped";
  const char* colon = drop.text.empty() ? "" : ": ";
  return fmt::format("{:>27} {:<7}  {}{}{}\n", drop.count, fate, drop.name, colon, drop.text);
}

std::string direction_lines(std::string_view title, const DirectionView& direction) {
  auto lines = fmt::format("  {:<12} {:>12} packets {:>16} bytes\n", title, direction.packets,
                           direction.bytes);
  for (const auto& drop : named_drops(direction)) lines += drop_line(drop);
  return lines;
}

std::string table_of(const std::vector<StatsView>& stats) {
  std::string text;
  for (const auto& device : stats) {
    const std::string peer = peer_name(device);
    text += printable(device.name) + '\n' + direction_lines("from " + peer, device.from) +
            direction_lines("to " + peer, device.to);
  }
  return text;
}

std::string table_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const auto& finding : findings) {
    text += fmt::format("{:<4}  {}: {}\n", health_name(finding.health), printable(finding.check),
                        printable(finding.detail));
    if (!finding.fix.empty()) text += fmt::format("      fix: {}\n", printable(finding.fix));
  }
  return text;
}

}  // namespace

template <typename View>
std::string render(const std::vector<View>& views, Style style) {
  if (style.format == Format::kJson) return line_of(array_of(views));
  return style.detail == Detail::kBrief ? brief_of(views) : table_of(views);
}

template std::string render(const std::vector<PortView>& ports, Style style);
template std::string render(const std::vector<NetworkView>& networks, Style style);
template std::string render(const std::vector<UplinkView>& uplinks, Style style);
template std::string render(const std::vector<FdbView>& entries, Style style);
template std::string render(const std::vector<LeaseView>& leases, Style style);
template std::string render(const std::vector<NatView>& entries, Style style);
template std::string render(const std::vector<ForwardView>& forwards, Style style);
template std::string render(const std::vector<StatsView>& stats, Style style);
template std::string render(const std::vector<Finding>& findings, Style style);

std::string render_overview(const std::vector<PortView>& ports,
                            const std::vector<NetworkView>& networks,
                            const std::vector<UplinkView>& uplinks, Style style) {
  if (style.format == Format::kJson)
    return line_of({{"ports", array_of(ports)},
                    {"networks", array_of(networks)},
                    {"uplinks", array_of(uplinks)}});
  if (style.detail == Detail::kFull)
    return fmt::format("Ports\n{}\nNetworks\n{}\nUplinks\n{}", table_of(ports), table_of(networks),
                       table_of(uplinks));
  auto rows = brief_rows(ports, "port");
  std::ranges::move(brief_rows(networks, "network"), std::back_inserter(rows));
  std::ranges::move(brief_rows(uplinks, "uplink"), std::back_inserter(rows));
  const std::vector<Align> aligns(rows.empty() ? 0 : rows.front().size());
  return align_rows(std::move(rows), aligns);
}

std::string render_steps(const std::vector<std::string>& steps, Style style) {
  if (style.format == Format::kText) {
    std::string text;
    for (const auto& step : steps) text += printable(step) + '\n';
    return text;
  }
  Json array = Json::array();
  for (const auto& step : steps) array.push_back({{"step", step}});
  return line_of(array);
}

}  // namespace xvnet::cli
