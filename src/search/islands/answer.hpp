#pragma once

#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/solution.hpp"
#include "objective/error_floor.hpp"
#include "search/islands/group.hpp"
#include "search/islands/island.hpp"

namespace kintsugi {

/// An island's best order, and its error on all rows.
struct Answer {
  Blocks blocks;
  std::size_t rows = 0;  ///< that the errors are of
  double mse = 0;
  double largest_error = 0;
  double scaled = 0;  ///< the MSE as the search has it (see find_scales())
  RoundingVerdict verdict = {};
  bool solved = false;  ///< its island says so
};

/// The best of all islands' orders: one that solves the problem, then by the error on all rows; the lowest island of
/// equals. Collective over the world.
[[nodiscard]] Answer choose_answer(const IslandGroup& group, std::vector<Island>& own);

/// The best of all islands' orders by what is known of them, without any evaluation: one that solves the problem, then
/// that on the larger sample, then by the error there. Its errors are of `rows` rows; the largest is NaN where it was
/// not checked on all, and all of an order that was not evaluated yet. Collective over the world.
[[nodiscard]] Answer best_so_far(const IslandGroup& group, std::vector<Island>& own);

/// Orders whose error is at or below it are not told from the answer. Where one outlying row or output makes the target
/// large, rounding explains much less than it. Not collective.
[[nodiscard]] double margin_target(const Answer& answer, double target, double room);

/// How sure the order of each two neighbours of the answer is: the change of the error where they are swapped, on
/// `tiles` tiles. Equal blocks never are, and where all rows are equal, nothing is. Empty where there are no neighbours
/// or anything is not finite. Collective over each group.
[[nodiscard]] std::vector<Margin> swap_margins(IslandGroup& group, const Answer& answer, std::size_t tiles,
                                               const ErrorFloor& floor, const IslandParameters& parameters);

/// Marks neighbours as interchangeable where swaps of other pairs can make up for theirs (see swap_evidence()): as far
/// as rounding of the predictions goes, that of the pieces (Status::precision), or noise (Status::noise). For an answer
/// that has one of these statuses or is solved. Collective over each group.
void mark_undecided(IslandGroup& group, const Answer& answer, Status status, const ErrorFloor& floor,
                    const IslandParameters& parameters, std::vector<Margin>& margins);

}  // namespace kintsugi
