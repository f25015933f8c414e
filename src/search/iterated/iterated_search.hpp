#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "search/island_search.hpp"
#include "search/iterated/neighbourhoods.hpp"
#include "search/iterated/perturbation.hpp"
#include "search/iterated/round_scheduler.hpp"

namespace kintsugi {

/// Iterated local search (Lourenço, Martin, Stützle, in: Handbook of Metaheuristics, 2003), with rounds of other
/// searches in place of some of its perturbations.
///
/// 1. The chain of local searches runs until none of them leads on (Neighbourhoods).
/// 2. What it has come to takes the incumbent's place where it is good enough (accepts()).
/// 3. Where the sample is overfitted, it grows (on_larger_sample()), and the chain begins again.
/// 4. Else a search that works in rounds may have one from the incumbent or from its own last result (RoundScheduler).
/// While
///    one may have a round, a chain whose first search stagnates is left early.
/// 5. Else the incumbent is perturbed (Perturbation). Back to 1.
///
/// Gives up after a number of perturbations and rounds without a new best order. A round without a new best order is
/// followed by a perturbation: else rounds of several searches could take turns for ever. A search whose policy asks
/// for more work than the chain has a round before everything else.
class IteratedSearch final : public IslandSearch {
 public:
  /// The evaluator must outlive the search.
  IteratedSearch(Evaluator& evaluator, Neighbourhoods chain, RoundScheduler rounds, Perturbation perturbation,
                 const Parameters& parameters);

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  [[nodiscard]] const ScoredOrder& best() const override { return best_; }
  [[nodiscard]] std::int64_t idle_perturbations() const override { return idle_; }
  void adopt(const Blocks& blocks, double mse) override;
  void set_elites(const std::vector<Blocks>& elites) override;
  void state(StateArchive& archive) override;

 private:
  enum class Phase { chain, round };

  [[nodiscard]] StepReport active_step();
  void note_best();
  [[nodiscard]] bool goes_on(const StepReport& report);
  void leave_local_optimum(StepReport& report);
  void accept();
  [[nodiscard]] bool grow(StepReport& report);
  [[nodiscard]] std::optional<std::size_t> next_round() const;
  void begin_chain();
  /// The rounds that come before the chain, from number `from` on; or the chain.
  void begin_first(std::size_t from);
  void begin_round(std::size_t round);
  void perturb(StepReport& report);

  Evaluator* evaluator_;
  Parameters parameters_;
  Neighbourhoods chain_;
  RoundScheduler rounds_;
  Perturbation perturbation_;
  Phase phase_ = Phase::chain;
  std::optional<std::size_t> origin_{};  // the round that the present way began with; none: a perturbation or the start
  bool left_start_ = false;              // a round or perturbation has led away from the start's local optimum
  std::int64_t idle_ = 0;                // perturbations and rounds since the last new best order
  ScoredOrder current_;
  ScoredOrder incumbent_;  // what the last perturbation started from
  ScoredOrder best_;
};

}  // namespace kintsugi
