// SPDX-License-Identifier: BSD-2-Clause
//
// A text table with aligned columns.
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

  // Adds a row with one cell for each column. Escapes unprintable characters, and shows an empty
  // cell as "-".
  void add(std::vector<std::string> row);

  // Lines have no trailing spaces.
  std::string render(Header header) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace xvnet::cli
