#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// A chain of local searches that take turns (variable neighbourhood descent: Mladenovic and Hansen, Comput. Oper. Res.
/// 24, 1997): the first one runs until it is stuck, then the next one is asked for a way on; after a success the first
/// one takes over again.
class Neighbourhoods {
 public:
  /// `plateau` may be null: a search that is too dear for every turn, and comes last when it is asked for.
  Neighbourhoods(std::vector<std::unique_ptr<Step>> steps, std::unique_ptr<Step> plateau,
                 const NeighbourhoodParameters& parameters);

  /// The first search begins at `from`.
  void begin(const ScoredOrder& from);
  StepReport step() { return steps_[active_]->step(); }
  [[nodiscard]] const Step& active() const { return *steps_[active_]; }
  [[nodiscard]] const ScoredOrder& current() const { return active().current(); }
  /// The first search has its turn.
  [[nodiscard]] bool first_is_active() const noexcept { return active_ == 0; }
  /// The next search begins at `from`; false where there is none. `idle_perturbations`: since the last new best order.
  bool advance(const ScoredOrder& from, std::int64_t idle_perturbations);
  /// Whether the first search lowers the error too slowly; to be asked once after each of its steps, with the present
  /// error.
  [[nodiscard]] bool stagnates(double mse);
  /// Counts work (blocks times tiles) as that of the chain.
  void add_work(std::int64_t work) noexcept { work_ += work; }
  [[nodiscard]] std::int64_t work() const noexcept { return work_; }
  void state(StateArchive& archive);

 private:
  NeighbourhoodParameters parameters_;
  std::vector<std::unique_ptr<Step>> steps_;
  bool has_plateau_;  // the last of steps_
  std::size_t active_ = 0;
  std::int64_t work_ = 0;
  std::int64_t pace_steps_ = 0;  // of the first search since the error was pace_error_
  double pace_error_ = 0;
};

}  // namespace kintsugi
