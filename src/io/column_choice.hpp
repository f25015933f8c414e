#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "io/table.hpp"

namespace kintsugi {

/// Which column of a table goes to which place of a row [inputs, predictions, targets].
struct ColumnChoice {
  static constexpr std::size_t kIgnored = static_cast<std::size_t>(-1);
  std::vector<std::size_t> slot;  ///< by column of the table
  std::size_t width = 0;
  std::size_t outputs = 0;
  std::size_t targets = 0;  ///< as many as outputs, or 0
  [[nodiscard]] std::size_t row() const { return width + outputs + targets; }
};

/// Lower case without blanks and the signs that people put between words: "Y_pred" and "y pred" are "ypred".
[[nodiscard]] std::string plain_name(std::string_view name);
/// What a column or array of this plain name holds.
[[nodiscard]] bool names_inputs(std::string_view plain);
[[nodiscard]] bool names_predictions(std::string_view plain);
[[nodiscard]] bool names_targets(std::string_view plain);

/// The columns that a list such as "x0..x7,z" or "1-8" means: names, ranges of names, PREFIX*, or numbers from 1 where
/// no column has that name. `option` is named in messages. Throws InputError where there is no such column.
[[nodiscard]] std::vector<std::size_t> find_columns(const std::string& list, std::span<const std::string> names,
                                                    const std::string& option, const std::string& place);

/// Chooses by TableOptions; else by the names measurement_0, ..., pred (or pred_0, ...) and true; else by what is clear
/// from names and from the sizes that the pieces allow, and then a sentence in `notes` says what was taken. `named`:
/// false where the table has no header, and columns have their number for a name. Throws InputError that begins with
/// `place` and says which columns there are.
[[nodiscard]] ColumnChoice choose_columns(std::span<const std::string> names, bool named, const TableOptions& options,
                                          const std::string& place, std::vector<std::string>& notes);

}  // namespace kintsugi
