#pragma once

#include <set>

#include "kintsugi/core/random.hpp"
#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// Pairing by data: two blocks trade their compress pieces where that lowers the error.
///
/// For networks whose weights do not say which pieces belong together, and for the few wrong pairs of others. A step
/// goes once through all exchanges between blocks in doubt, in random order and in batches, and keeps
/// every one that helps. An exchange changes two residuals altogether, so that no first-order model is asked; the first
/// look at a few rows does the sieving.
class PairExchange final : public Search {
 public:
  /// `doubtful`: expand pieces of the blocks that may trade.
  PairExchange(Evaluator& evaluator, std::set<int> doubtful, Random random)
      : evaluator_(&evaluator), doubtful_(std::move(doubtful)), random_(random) {}

  [[nodiscard]] std::string_view name() const override { return "pair-exchange"; }
  void start(const Candidate& from) override { current_ = from; }
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  struct Exchange {
    std::size_t a = 0;  // positions
    std::size_t b = 0;
  };
  [[nodiscard]] std::vector<Exchange> exchanges();

  Evaluator* evaluator_;
  std::set<int> doubtful_;
  Random random_;
  Candidate current_;
};

}  // namespace kintsugi
