// SPDX-License-Identifier: BSD-2-Clause
//
// Rows of aligned columns.
#pragma once

#include <string>
#include <vector>

namespace xvnet::cli {

enum class Align { kLeft, kRight };
enum class Header { kShown, kHidden };

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

class TextTable {
 public:
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell a column, made printable here; an empty one shows "-".
  void add(std::vector<std::string> row);

  // No space ends a line.
  std::string render(Header header) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace xvnet::cli
