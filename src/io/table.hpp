#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// Which columns (or arrays) hold what. Empty: by their names.
struct TableOptions {
  std::string inputs;       ///< "x0..x47", "a,b,c", "1-48", "feature_*"
  std::string predictions;  ///< the same
  std::string targets;      ///< the same
  /// Predictions and targets are not needed, and left out where they are there; the shape has no outputs then.
  bool without_predictions = false;
  /// Width and outputs that the pieces allow (possible_shapes()); empty: anything.
  std::vector<std::pair<std::size_t, std::size_t>> shapes;
};

struct Table {
  RowsF64 rows;
  std::vector<std::string> notes;  ///< what was guessed, in sentences for the user
};

/// Reads rows of inputs and predictions from a table, by its content, not by its name; "-" is the standard input, and
/// pipes are read. Read are
///   text: a header and rows, by comma, semicolon, tab, | or blanks; see read_csv_text()
///   .npy, .npz, .pt, .pth, .safetensors, HDF5: arrays by their names, see rows_of_arrays()
///   any of these compressed by gzip, zstd, bzip2, xz, lz4 or lzip, or alone in a .zip (HDF5: files only)
/// Where none of the inputs (predictions, targets) is written with more than nine digits, which is what a float32
/// needs, they are the float32 values nearest to what is written; else float64. Throws InputError that names the file,
/// the place, what was seen and the remedy.
[[nodiscard]] Table read_table(const std::filesystem::path& path, const TableOptions& options = {});

/// The same for a file that is already in memory, HDF5 apart; `origin` names it in messages.
[[nodiscard]] Table read_table(std::span<const char> file, const std::string& origin, const TableOptions& options = {});

/// Width and outputs of the rows that the pieces can belong to, by shapes alone.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> possible_shapes(const NetworkF64& network);

}  // namespace kintsugi
