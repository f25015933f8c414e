#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kintsugi/solve.hpp"
#include "support/planted.hpp"

namespace kintsugi::testing {

/// Counts what it is told, and asks to stop at the `stop_at`-th question (0: never).
class CountingObserver final : public SolveObserver {
 public:
  explicit CountingObserver(int stop_at = 0) : stop_at_(stop_at) {}
  void on_roles(const Roles&) override { ++calls; }
  void on_pairs(const std::vector<PairScore>&) override { ++calls; }
  void on_starts(const std::vector<StartOrder>& told) override {
    ++calls;
    starts = told;
  }
  void on_step(const TrajectoryEntry& row) override {
    ++calls;
    rows.push_back(row);
  }
  bool stop_requested() override { return ++questions_ == stop_at_; }

  int calls = 0;
  std::vector<StartOrder> starts;
  std::vector<TrajectoryEntry> rows;

 private:
  int stop_at_;
  int questions_ = 0;
};

/// Solves with the network on rank 0 only. Collective.
[[nodiscard]] Solution solve_planted(const mpi::Comm& comm, const PlantedProblem& problem, const SolveOptions& options,
                                     SolveObserver& observer);
[[nodiscard]] Solution solve_planted(const mpi::Comm& comm, const PlantedProblem& problem, const SolveOptions& options);

/// Everything in a solution that must not depend on the number of ranks, to the last bit: all but times and what only
/// rank 0 has.
[[nodiscard]] std::string describe(const Solution& solution);
[[nodiscard]] std::string describe(const std::vector<TrajectoryEntry>& rows);

/// describe() of the solution that rank 0 finds alone, on all ranks. Collective.
[[nodiscard]] std::string solved_alone(const mpi::Comm& comm, const PlantedProblem& problem,
                                       const SolveOptions& options);

/// A problem whose predictions are noisy, so that no order solves it.
[[nodiscard]] PlantedProblem noisy_problem(std::size_t blocks, std::size_t rows);

}  // namespace kintsugi::testing
