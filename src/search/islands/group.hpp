#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/search/options.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"

namespace kintsugi {

/// This rank's group. The world's ranks are split into equal groups, as many as there are islands or, where the ranks
/// do not divide so, fewer; a group that has several islands takes turns at them. What an island does depends on its
/// number and on what it is told, never on which ranks do it.
class IslandGroup {
 public:
  /// Collective over `world`, which must outlive the object, as must `weights`. Throws UsageError for an impossible
  /// grid.
  IslandGroup(const mpi::Comm& world, const SharedWeights& weights, RowSource& rows, const SearchOptions& options);

  [[nodiscard]] const mpi::Comm& world() const noexcept { return *world_; }
  /// Runs a group's work. Where it is stopped in any group, Stopped is thrown on all ranks of the world. Collective
  /// over the world; `work` is over the group.
  void together(const std::function<void()>& work) const;
  /// This group's first rank.
  [[nodiscard]] bool root() const noexcept { return ranks_.root(); }
  /// Of all groups together.
  [[nodiscard]] int islands() const noexcept { return islands_; }
  /// The islands that this group has.
  [[nodiscard]] std::vector<int> own() const;
  /// All rows, and those of the first `tiles` tiles.
  [[nodiscard]] std::size_t rows() const noexcept { return evaluator_.rows().shape().rows; }
  [[nodiscard]] std::size_t rows_in(std::size_t tiles) const noexcept { return evaluator_.rows().rows_in(tiles); }
  /// This group's; any group's gives the same numbers.
  [[nodiscard]] Evaluator& evaluator() noexcept { return evaluator_; }
  [[nodiscard]] LinearModel& model() noexcept { return model_; }

 private:
  const mpi::Comm* world_;
  int islands_;
  int groups_;
  mpi::Comm ranks_;
  Evaluator evaluator_;
  LinearModel model_;
};

}  // namespace kintsugi
