#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/pairing/pairing.hpp"
#include "kintsugi/search/options.hpp"

namespace kintsugi {

/// Receives what a solve has to say, as it happens. Called on rank 0 of the world only.
class SolveObserver {
 public:
  virtual ~SolveObserver() = default;
  virtual void on_roles(const Roles& /*roles*/) {}
  virtual void on_pairs(const std::vector<PairScore>& /*pairs*/) {}
  virtual void on_seeds(const std::vector<SeedResult>& /*seeds*/) {}
  virtual void on_row(const TrajectoryRow& /*row*/) {}
  virtual void on_warning(const std::string& /*text*/) {}
  /// Asked between steps; true ends the search with Status::interrupted, on all ranks at the same step.
  virtual bool stop_requested() { return false; }
};

/// Puts the network together.
///
/// Collective over `world`. `network` is read on rank 0 only and may be empty elsewhere; `rows` is each rank's own
/// source of the same data. The trajectory and the answer depend on the problem, the options (seed, islands) and
/// the build, never on the number of ranks or their grid.
/// Throws on all ranks alike: InputError where the pieces cannot form a network, UsageError for impossible options.
[[nodiscard]] Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows,
                             const SolveOptions& options, SolveObserver& observer);

}  // namespace kintsugi
