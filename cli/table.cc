// SPDX-License-Identifier: BSD-2-Clause
#include "cli/table.h"

#include <algorithm>

#include "cli/text.h"

namespace xvnet::cli {

namespace {

constexpr std::size_t kGap = 2;  // spaces between columns

}  // namespace

void TextTable::add(std::vector<std::string> row) {
  row.resize(columns_.size());
  for (auto& cell : row) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(row));
}

std::string TextTable::render(Header header) const {
  auto rows = rows_;
  if (header == Header::kShown) {
    auto& titles = *rows.emplace(rows.begin());
    for (const auto& column : columns_) titles.push_back(column.title);
  }

  std::vector<std::size_t> widths(columns_.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }

  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width(row[i]), ' ');
      line += columns_[i].align == Align::kLeft ? row[i] + space : space + row[i];
      line.append(kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace xvnet::cli
