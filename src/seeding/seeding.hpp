#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/solution.hpp"
#include "objective/evaluator.hpp"
#include "objective/shared_sample.hpp"

namespace kintsugi {

/// Names that make_start_orders() knows, besides "auto": "wout-frobenius", "wout-l1", "delta-norm", "greedy", "random";
/// each but random also with "-reversed" behind it.
[[nodiscard]] std::vector<std::string> start_names();

/// Norms of each block's compress piece, for the starts that need no data. By position in a pairing.
struct CompressNorms {
  std::vector<double> frobenius;
  std::vector<double> l1;  ///< mean absolute value: comparable between hidden sizes
};
[[nodiscard]] CompressNorms compress_norms(const Network& network, const Blocks& pairing);

/// Mean over the sample's rows of the 2-norm of each block's residual on the raw inputs (arXiv:2602.19845, delta-norm).
/// Collective over the evaluator's island.
[[nodiscard]] std::vector<double> delta_norms(Evaluator& evaluator, const Blocks& pairing, const SharedSample& sample);

/// Greedy roll-out: from the current states, append the block whose residual is smallest (mean square over the rows of
/// the sample's first `tiles` tiles). Positions in `pairing`, first block first. L^2 / 2 block evaluations a tile,
/// which the ranks share. Collective.
[[nodiscard]] std::vector<int> greedy_roll_out(Evaluator& evaluator, const Blocks& pairing, const SharedSample& sample,
                                               std::size_t tiles);

/// Behind a start's name: the same order backwards.
inline constexpr std::string_view kReversed = "-reversed";

/// Fills in the starts' errors on the sample and sorts by them, the first of equals first. Collective.
void rank_by_error(Evaluator& evaluator, const Blocks& pairing, const SharedSample& sample,
                   std::vector<StartOrder>& starts);

/// Makes the starts that `name` asks for ("auto": all but random, in both directions), ranks them by their error on the
/// sample, and returns them best first; ties go to the earlier name. Orders that coincide are kept once.
/// Collective; `norms` is read on rank 0 of the island.
[[nodiscard]] std::vector<StartOrder> make_start_orders(Evaluator& evaluator, const Blocks& pairing,
                                                        const CompressNorms& norms, std::string_view name,
                                                        std::uint64_t seed, const SharedSample& sample);

/// The blocks of `pairing` in the order `order`.
[[nodiscard]] Blocks blocks_in_order(const Blocks& pairing, const std::vector<int>& order);

}  // namespace kintsugi
