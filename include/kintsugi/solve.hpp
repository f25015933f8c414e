#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kintsugi/core/checkpoint_key.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/core/search_state.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/search/observer.hpp"
#include "kintsugi/search/options.hpp"

namespace kintsugi {

/// What a user can choose about what comes before the search; every field is an option of `kintsugi solve`.
struct PreparationOptions {
  std::string pairing = "auto";        ///< a pair score, or auto
  std::string start = "auto";          ///< a start's name, or auto; "given" with `given_permutation`
  std::vector<int> given_permutation;  ///< with start "given": the pieces' own indices, whole permutation
  std::vector<int> given_expand;     ///< the pieces' own indices that expand, where shapes leave it open; empty: decide
  bool without_predictions = false;  ///< order by the weights alone, whatever the rows say
};

/// As for SearchOptions.
template <class Visit>
void visit_options(const PreparationOptions& options, const Visit& visit) {
  const auto& [pairing, start, given_permutation, given_expand, without_predictions] = options;
  visit("pairing", pairing, Decides::yes);
  visit("start", start, Decides::yes);
  visit("start-order", given_permutation, Decides::yes);
  visit("roles", given_expand, Decides::yes);
  visit("without-predictions", without_predictions, Decides::yes);
}

/// What a user can choose about a solve.
struct SolveOptions : PreparationOptions, SearchOptions {};

/// How roles were decided that the weights leave open.
struct SettledRoles {
  std::int64_t open = 0;         ///< pairs of square pieces of which either may expand
  std::int64_t loose = 0;        ///< square pieces whose partners were open, too
  std::int64_t trials = 0;       ///< searches that it took
  std::int64_t evaluations = 0;  ///< in these, of the whole network
};

/// Receives what a solve has to say, as it happens. Called on rank 0 of the world only, but for stop_requested() and
/// stop_at_once().
class SolveObserver : public SearchObserver {
 public:
  virtual void on_roles(const Roles& /*roles*/) {}
  /// Comes before the roles, where the data had to decide some of them.
  virtual void on_settled_roles(const SettledRoles& /*settled*/) {}
  virtual void on_pairs(const std::vector<PairScore>& /*pairs*/) {}
  /// Where a line by the weights alone was sought.
  virtual void on_line(const WeightsLine& /*line*/) {}
  /// Where the ranks of a node cannot share memory: each holds the weights, of so many bytes, for itself.
  virtual void on_copied_weights(std::size_t /*bytes*/) {}
  virtual void on_starts(const std::vector<StartOrder>& /*starts*/) {}
  /// Where order_due() or a stop asks for it: what the solve would give back if it ended now, with its status.
  virtual void on_solution_so_far(const Solution& /*solution*/) {}
};

/// Puts the network together.
///
/// Collective over `world`. `network` is read on rank 0 only and may be empty elsewhere; `rows` is each rank's own
/// source of the same data. The trajectory and the answer depend on the problem, the options (seed, islands) and
/// the build, never on the number of ranks or their grid.
/// With `without_predictions` no search is run: the answer is the smoothest line that the weights give, in one of its
/// two directions, with Status::by_weights; its errors are NaN. `rows` are not read then.
/// `resume`, read on rank 0 only: a state that an observer was given in an earlier run of the same problem with the
/// same options (limits apart). The search goes on from there exactly as it would have, on any number of ranks.
/// The time limit and the observer end it within about a second, whatever it is at; steps and checks are abandoned, and
/// Solution::rows and its NaNs say what is not known.
/// Throws on all ranks alike: Error with ExitCode::stopped where it is stopped before there is a pairing, InputError
/// where the pieces cannot form a network, the state is of another search or there are no
/// rows and `without_predictions` is not set, UsageError for impossible options.
[[nodiscard]] Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows,
                             const SolveOptions& options, SolveObserver& observer, const SearchState* resume = nullptr);

/// What a state of solve() belongs to: keep it beside the state, and resume only where it is the same. Not collective;
/// reads `rows` (see problem_fingerprint()).
[[nodiscard]] CheckpointKey checkpoint_key(const Network& network, RowSource& rows, const SolveOptions& options);

}  // namespace kintsugi
