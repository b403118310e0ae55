// Part of Troupe; see LICENSE.

#include "troupe/cli/table.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>

namespace troupe::cli {

namespace {

void add_line(std::string& out, const std::vector<table_column>& columns,
              const std::vector<std::size_t>& widths, const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) line += "  ";
    const std::string padding(widths[i] - cells[i].size(), ' ');
    line += columns[i].is_number ? padding + cells[i] : cells[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

} // namespace

std::string make_table(const std::vector<table_column>& columns,
                       const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (const auto& column : columns) {
    titles.push_back(column.title);
    widths.push_back(column.title.size());
  }
  for (const auto& row : rows) {
    TROUPE_ASSERT(row.size() == columns.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  add_line(out, columns, widths, titles);
  for (const auto& row : rows) add_line(out, columns, widths, row);
  return out;
}

} // namespace troupe::cli
