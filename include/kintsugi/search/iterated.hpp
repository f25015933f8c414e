#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "kintsugi/core/random.hpp"
#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// Iterated local search (Lourenço, Martin, Stützle, in: Handbook of Metaheuristics, 2003) over a chain of local
/// searches.
///
/// The first search of the chain runs until it is stuck; then the next one is asked for a way on, and so forth; after a
/// success the first one takes over again. Where all are stuck and the error on twice the rows is much higher, the
/// sample was overfitted and is doubled. Else the order is kicked, and what comes of it replaces the order that was
/// kicked where it is better, or worse by a small share of the error, as a cooling annealing would accept.
class IteratedSearch final : public Search {
 public:
  /// `doubtful`: expand pieces of the blocks whose pairs a kick may exchange.
  IteratedSearch(Evaluator& evaluator, std::vector<std::unique_ptr<Search>> chain, std::set<int> doubtful,
                 Random random);

  [[nodiscard]] std::string_view name() const override { return "iterated"; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  /// The best order so far on the present sample.
  [[nodiscard]] const Candidate& best() const { return best_; }

 private:
  bool grow(StepReport& report);
  void kick(StepReport& report);
  void kick_pairs();
  void settle();

  Evaluator* evaluator_;
  std::vector<std::unique_ptr<Search>> chain_;
  std::set<int> doubtful_;
  Random random_;
  std::size_t active_ = 0;
  std::int64_t kicks_ = 0;  // since the last new best order
  Candidate current_;
  Candidate home_;  // what the last kick started from
  Candidate best_;
};

}  // namespace kintsugi
