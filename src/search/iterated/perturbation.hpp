#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// How an iterated search leaves a local optimum.
enum class PerturbationKind {
  kick,     ///< moves a few blocks at random (iterated local search)
  restart,  ///< begins anew from a random order (random restart)
};

/// Leaves a local optimum. A kick moves a few blocks of the incumbent by a few places, and trades compress pieces among
/// untrusted pairs. Where other islands' orders are known, some kicks are crossovers instead: the blocks of a window of
/// the incumbent are put into the sequence that another order has them in (after Davis's order crossover, 1985), so
/// that what one island got right early in the network and another one late come together.
class Perturbation {
 public:
  /// `untrusted`: expand pieces of the blocks whose pairs a kick may exchange.
  Perturbation(Evaluator& evaluator, PerturbationKind kind, std::set<int> untrusted, Random random,
               const PerturbationParameters& parameters);

  struct Result {
    ScoredOrder order;
    Event event = Event::kick;
    std::optional<std::int64_t> moves{};  ///< none for a restart
  };
  /// `current` is what a restart shuffles; all else begins at `incumbent`. Collective.
  [[nodiscard]] Result apply(const ScoredOrder& incumbent, const ScoredOrder& current);
  /// What comes of it takes the incumbent's place at once.
  [[nodiscard]] bool replaces_incumbent() const noexcept { return kind_ == PerturbationKind::restart; }
  void set_elites(const std::vector<Blocks>& elites) { elites_ = elites; }
  [[nodiscard]] const std::vector<Blocks>& elites() const noexcept { return elites_; }
  void state(StateArchive& archive) {
    archive(random_, elites_);
    for (const Blocks& elite : elites_) archive.require(!elite.empty());
  }

 private:
  [[nodiscard]] Result restart(ScoredOrder current);
  [[nodiscard]] std::optional<Result> cross(const ScoredOrder& incumbent);
  [[nodiscard]] Result kick(ScoredOrder order);
  void exchange_untrusted(Blocks& blocks);

  Evaluator* evaluator_;
  PerturbationKind kind_;
  std::set<int> untrusted_;
  Random random_;
  PerturbationParameters parameters_;
  std::vector<Blocks> elites_;
};

}  // namespace kintsugi
