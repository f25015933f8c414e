#pragma once

#include <vector>

#include "analysis/study.hpp"
#include "seeding/seeding.hpp"

namespace kintsugi {

/// Roles, pairs and the answer's places, found on rank 0 and handed round.
struct StudyPreparation {
  Roles roles;              // rank 0 only
  CompressNorms norms;      // rank 0 only
  Blocks pairing;           // by expand piece, ascending
  std::vector<int> places;  // the answer's position of each block of `pairing`, -1 where it has none; empty: no answer
  std::vector<int> answer;  // expand, compress, ...; empty: no answer
  std::vector<int> line;    // the smoothest line that the weights give, blocks of `pairing`; empty: there is none
};

/// Collective. Fills in what `study` says of pairs, on rank 0.
[[nodiscard]] StudyPreparation prepare_study(const mpi::Comm& world, const Network& network, const RowShape& shape,
                                             const StudyOptions& options, Study& study);

/// What the parts of a study share.
struct StudyContext {
  const StudyOptions& options;
  const StudyPreparation& preparation;
  Evaluator& work;  // the first rows
  Evaluator& full;  // all rows

  [[nodiscard]] std::size_t tiles() const { return work.rows().tiles(); }
  /// On all rows. Collective.
  [[nodiscard]] double mse(const Blocks& blocks) { return full.check(blocks).mse; }
  /// NaN without an answer; `order` holds blocks of the pairing.
  [[nodiscard]] OrderAgreement agreement(const std::vector<int>& order) const;
};

/// Each start that is not random, in both directions, and the one that the options ask for; ascending by error.
/// Collective.
[[nodiscard]] std::vector<StartStudy> study_starts(StudyContext& context);

/// Collective. `start` is the one whose positions are swapped.
void study_swaps(StudyContext& context, const StartStudy& start, Study& study);

/// Collective. How the screened table of the same swaps would have done; after study_swaps().
void compare_with_screen(StudyContext& context, const StartStudy& start, Study& study);

/// Starts of bubble repairs that the options name. Throws UsageError for one that is not there.
void require_known_starts(const StudyOptions& options);

/// Collective. Adds to study.repair and study.searches.
void study_repairs(StudyContext& context, Study& study);

/// The searches from `start`, by kintsugi::solve. Collective.
void study_searches(const mpi::Comm& world, const Network& network, RowSource& rows, StudyContext& context,
                    const StartStudy& start, Study& study);

}  // namespace kintsugi
