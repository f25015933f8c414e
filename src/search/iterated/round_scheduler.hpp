#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// The searches that work in rounds, and which of them has the next one: the one with the least work so far, weighted
/// by its policy, if that is not more than the local searches' work.
class RoundScheduler {
 public:
  RoundScheduler(std::vector<std::unique_ptr<Round>> rounds, const RoundSchedulerParameters& parameters);

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] Round& round(std::size_t i) { return *slots_[i].round; }
  /// The first, from number `from` on, whose first round comes before the local searches, if any: it wants more work
  /// than they have.
  [[nodiscard]] std::optional<std::size_t> first(std::size_t from = 0) const;
  /// The one that may have the next round, if any.
  [[nodiscard]] std::optional<std::size_t> next(std::int64_t local_work, const Blocks& incumbent) const;
  /// Where round `i` is to begin: at what became of its own last result, or at the incumbent. Collective.
  [[nodiscard]] const ScoredOrder& start_of(std::size_t i, const ScoredOrder& incumbent, Evaluator& evaluator);
  void add_work(std::size_t i, std::int64_t work) { slots_[i].work += work; }
  /// A new best order was found by what began with round `origin`, or with none: the others have less work from now on.
  void reward(std::optional<std::size_t> origin);
  void keep_result(std::size_t i, const ScoredOrder& result) { slots_[i].last_result = result; }
  void forget_results();
  void set_elites(const std::vector<Blocks>& elites);
  void state(StateArchive& archive);

 private:
  struct Slot {
    std::unique_ptr<Round> round;
    std::int64_t work = 0;                     // blocks times tiles
    bool productive = true;                    // it found the last new best order, or none was found yet
    std::optional<ScoredOrder> last_result{};  // what became of its last round's result
  };

  RoundSchedulerParameters parameters_;
  std::vector<Slot> slots_;
};

}  // namespace kintsugi
