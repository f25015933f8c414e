#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// What the user says of the form of the blocks.
struct FormHints {
  std::optional<Norm> norm;
  std::optional<double> eps;
};

/// Sorts pieces of one dimension ([d], with `in` = 0) and gates into the parts of blocks: which is the gain of a norm,
/// which the scale of a residual, which of two expand pieces is the gate, and to which piece each belongs.
///
/// 1. Where the pieces' names say so: pieces whose names are alike up to their first number are one block's, and words
///    like `norm`, `gate`, `scale` tell the rest.
/// 2. Else by the weights. Gradient descent keeps the difference between the square of a gain and that of the norm of
///    the column of W_in that it multiplies; likewise between that of a scale and of its row of W_out, and of a row of
///    W_in and its column of W_out. So these go together, feature by feature, and pairs are the assignment of the
///    largest sum of correlations.
///
/// `notes` get a sentence for what was found. A network without such pieces stays as it is; the form gets what `hints`
/// say. Not collective. Throws InputError that names the pieces where counts leave parts over, and where neither names
/// nor weights tell.
[[nodiscard]] NetworkF64 group_parts(NetworkF64 network, const RowShape& rows, const FormHints& hints,
                                     std::vector<std::string>& notes);

}  // namespace kintsugi
