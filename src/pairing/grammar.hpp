#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// What the user, or the file that pieces came from, says of the form of the blocks.
struct FormHints {
  std::optional<Norm> norm;
  std::optional<Norm> head_norm;
  std::optional<double> eps;
};

/// What neither names nor weights tell of parts, and the data may.
struct OpenParts {
  /// Parts of these kinds may be another's. What the weights favour is taken.
  std::set<PartKind> doubtful;
  /// Of these kinds the weights do not tell at all which is whose.
  std::set<PartKind> unrelated;
  /// There is one part for each block, and it may be the gain of a norm or a scale.
  bool kinds = false;
  /// Norms may be LayerNorm or RMSNorm.
  bool norm = false;
  /// Each block's gate and expand piece may be the other way round; in fused pieces, all blocks' together.
  bool gates = false;
  /// Gates may be another block's, which the data are not asked of.
  bool unsure_gates = false;

  [[nodiscard]] bool any() const { return gates || kinds || !doubtful.empty() || !unrelated.empty(); }
};

/// Sorts pieces of one dimension ([d], with `in` = 0), gates, and pieces that are gate and expand piece in one ([2h x
/// d]) into the parts of blocks: which is the gain of a norm, which the scale of a residual, which of two expand pieces
/// is the gate, and to which piece each belongs. One piece of one dimension beyond those of the blocks is the gain of a
/// norm before the head.
///
/// 1. Where the pieces' names say so: pieces whose names are alike up to their first number are one block's, and words
///    like `norm`, `gate`, `scale` tell the rest. Blocks need not all have the same parts then.
/// 2. Else by the weights. Gradient descent keeps the difference between the square of a gain and that of the norm of
///    the column of W_in that it multiplies; likewise between that of a scale and of its row of W_out, and of a row of
///    W_in and its column of W_out. So these go together, feature by feature, and pairs are the assignment of the
///    largest sum of correlations.
/// 3. What these leave open is said in `open`; where that is null, it is refused.
///
/// `notes` get a sentence for what was found. A network without such pieces stays as it is; the form gets what `hints`
/// say. Not collective. Throws InputError that names the pieces where counts leave parts over, and where nothing tells.
[[nodiscard]] NetworkF64 group_parts(NetworkF64 network, const RowShape& rows, const FormHints& hints,
                                     std::vector<std::string>& notes, OpenParts* open = nullptr,
                                     const GrammarParameters& parameters = {});

}  // namespace kintsugi
