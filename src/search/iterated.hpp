#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "core/random.hpp"
#include "search/search.hpp"

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
/// Searches that work in rounds (pair relaxation, Gauss-Newton, annealing), where there are any, have a round from the
/// order that would be kicked instead of a kick. Each has as much work as the chain as long as it is what finds new
/// best orders, and less after something else has found one, unless it comes nearer to the answer before the error
/// shows it (Search::claim). While one may have a round, a descent that crawls counts as stuck, too. One that claims
/// more than the chain from the start comes before it.
class IteratedSearch final : public Search {
 public:
  /// `doubtful`: expand pieces of the blocks whose pairs a kick may exchange. `plateau` may be empty; `rounds` are the
  /// searches that work in rounds, none or more.
  IteratedSearch(Evaluator& evaluator, std::vector<std::unique_ptr<Search>> chain, std::unique_ptr<Search> plateau,
                 std::vector<std::unique_ptr<Search>> rounds, std::set<int> doubtful, Escape escape, Random random);

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
  /// Other islands' orders, for crossovers and relocations.
  void set_elites(const std::vector<Blocks>& elites) override;

 private:
  /// How many searches of the chain have their turn before the next kick.
  [[nodiscard]] std::size_t turns() const;
  bool grow(StepReport& report);
  void begin_chain();
  /// Whether the chain's first search is getting nowhere; to be asked once a step.
  [[nodiscard]] bool crawls();
  /// Which of chain_ is to have a round; 0 where none may.
  [[nodiscard]] std::size_t next_round() const;
  void begin_round(std::size_t search);
  [[nodiscard]] Candidate round_start(std::size_t search);
  void escape(StepReport& report);
  void kick(StepReport& report);
  bool cross(StepReport& report);
  void restart(StepReport& report);
  void kick_pairs();
  void settle();

  Evaluator* evaluator_;
  std::vector<std::unique_ptr<Search>> chain_;
  std::size_t everyday_;  // so many of the chain; one more may be for plateaus
  std::size_t chained_;   // so many take turns; those behind them work in rounds
  std::set<int> doubtful_;
  Escape escape_;
  Random random_;
  std::vector<std::int64_t> work_;  // that each of the chain has taken
  std::size_t active_ = 0;
  std::int64_t kicks_ = 0;       // since the last new best order
  std::int64_t pace_steps_ = 0;  // of the chain's first search since the error was pace_error_
  double pace_error_ = 0;
  std::vector<Candidate> came_to_;  // by search of chain_: what became of its last round, where it carries on
  bool escaped_ = false;            // from the start's local optimum, at least once
  std::size_t way_ = 0;             // what the present way began with: a round of chain_[way_], or 0: a kick
  std::vector<char> pays_;          // by search of chain_: it may have as much work as the chain
  Candidate current_;
  Candidate home_;  // what the last kick started from
  Candidate best_;
  std::vector<Blocks> elites_;
};

}  // namespace kintsugi
