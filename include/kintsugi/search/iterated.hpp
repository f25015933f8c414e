#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "kintsugi/core/random.hpp"
#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// What an iterated search does when its local searches are stuck.
enum class Escape {
  kick,     ///< moves a few blocks at random (iterated local search)
  restart,  ///< begins anew from a random order (random restart)
};

/// Iterated local search (Lourenço, Martin, Stützle, in: Handbook of Metaheuristics, 2003) over a chain of local
/// searches.
///
/// The first search of the chain runs until it is stuck; then the next one is asked for a way on, and so forth; after a
/// success the first one takes over again. The last of them may be for plateaus only: it is asked once in a number of
/// kicks without a new best order. Where all are stuck and the error on twice the rows is much higher, the
/// sample was overfitted and is doubled. Else the order is kicked, and what comes of it replaces the order that was
/// kicked where it is better, or worse by a small share of the error, as a cooling annealing would accept. Where other
/// islands' orders are known, some kicks are crossovers with one of them instead: the blocks of a window of the order
/// are put into the sequence that the other order has them in (after Davis's order crossover, 1985), so that what one
/// island got right early in the network and another one late come together.
///
/// An annealing, where there is one, has a round from the order that would be kicked instead of a kick. It has as much
/// work as all else as long as it is what finds new best orders, and less after a kick has found one. While it may have
/// a round, a descent that crawls counts as stuck, too.
class IteratedSearch final : public Search {
 public:
  /// `doubtful`: expand pieces of the blocks whose pairs a kick may exchange. `plateau` and `annealing` may be empty.
  IteratedSearch(Evaluator& evaluator, std::vector<std::unique_ptr<Search>> chain, std::unique_ptr<Search> plateau,
                 std::unique_ptr<Search> annealing, std::set<int> doubtful, Escape escape, Random random);

  [[nodiscard]] std::string_view name() const override { return "iterated"; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

  /// The best order so far on the present sample.
  [[nodiscard]] const Candidate& best() const noexcept { return best_; }
  /// Kicks since the last new best order.
  [[nodiscard]] std::int64_t kicks_since_best() const noexcept { return kicks_; }
  /// Goes on from another island's order, whose error on this search's sample is `mse`.
  void adopt(const Blocks& blocks, double mse);
  /// Other islands' orders, for crossovers.
  void set_elites(std::vector<Blocks> elites) { elites_ = std::move(elites); }

 private:
  /// How many searches of the chain have their turn before the next kick.
  [[nodiscard]] std::size_t turns() const;
  bool grow(StepReport& report);
  void begin_chain();
  /// Whether the chain's first search is getting nowhere; to be asked once a step.
  [[nodiscard]] bool crawls();
  [[nodiscard]] bool may_anneal() const;
  void anneal();
  void escape(StepReport& report);
  void kick(StepReport& report);
  bool cross(StepReport& report);
  void restart(StepReport& report);
  void kick_pairs();
  void settle();

  Evaluator* evaluator_;
  std::vector<std::unique_ptr<Search>> chain_;
  std::size_t everyday_;  // so many of the chain; one more may be for plateaus
  std::size_t chained_;   // so many take turns; behind them there may be the annealing
  std::set<int> doubtful_;
  Escape escape_;
  Random random_;
  std::vector<std::int64_t> work_;  // that each of the chain has taken
  std::size_t active_ = 0;
  std::int64_t kicks_ = 0;       // since the last new best order
  std::int64_t pace_steps_ = 0;  // of the chain's first search since the error was pace_error_
  double pace_error_ = 0;
  /// What the present way began with.
  enum class Way { begun, escaped, annealed };
  Way way_ = Way::begun;
  bool annealing_pays_ = true;  // the last way to a new best order began so
  Candidate current_;
  Candidate home_;  // what the last kick started from
  Candidate best_;
  std::vector<Blocks> elites_;
};

}  // namespace kintsugi
