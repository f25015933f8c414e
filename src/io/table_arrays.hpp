#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/table.hpp"
#include "io/tensor.hpp"

namespace kintsugi {

/// Rows out of named arrays. Which array is which: by TableOptions; else by names like inputs, x, features and
/// predictions, preds, y_pred, outputs and targets, true, labels (the last part of a path counts); else by the sizes
/// that the pieces allow, and then a sentence in `notes` says what was taken. An array [N] is one column. A single
/// array [N x n], or columns in arrays of their own, are a table; see choose_columns(). Throws InputError that names
/// `origin` and lists the arrays.
[[nodiscard]] RowsF64 rows_of_arrays(std::vector<Tensor> arrays, const TableOptions& options, const std::string& origin,
                                     std::vector<std::string>& notes);

/// All arrays of numbers with one or two dimensions in an HDF5 file, under their paths; the columns of a table
/// (compound type, or what pandas writes) are arrays of their own; what MATLAB wrote is turned. Throws InputError that
/// names the file and the rule; memory is bounded as in most_inflated().
[[nodiscard]] std::vector<Tensor> read_hdf5_arrays(const std::filesystem::path& path);

}  // namespace kintsugi
