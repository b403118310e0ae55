// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <vector>

namespace troupe::cli {

struct table_column {
  std::string title;
  bool is_number = false; ///< Aligned to the right.
};

/// Lines with the columns under each other, two blanks between them, each line with its end.
/// @pre every row has as many cells as there are columns
[[nodiscard]] std::string make_table(const std::vector<table_column>& columns,
                                     const std::vector<std::vector<std::string>>& rows);

} // namespace troupe::cli
