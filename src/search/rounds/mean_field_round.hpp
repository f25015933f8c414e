#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "core/pair_shares.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/mean_field.hpp"
#include "objective/memory_budget.hpp"
#include "search/clues.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Order and pairs together, from no order at all: steps of Levenberg and Marquardt on a MeanField, in which at first
/// every block is everywhere alike, and open pairs are as likely as the clues say.
///
/// A step goes to where the posterior density of the unknowns is largest under the linear model: normal priors of the
/// shares, with the variance of drawing a pair by its prior mean, and of the coefficients; normal errors, whose
/// variance is the MSE of rows that no step sees. After each step the prior means move on to what was found, shares as
/// probabilities of pairs (scaled as by Sinkhorn and Knopp, Pacific J. Math. 21, 1967): so blocks and pairs become
/// sharp, as far as other rows agree. The order after a step is that of the blocks' mean depths, with the compress
/// pieces of the largest shares in all. The round ends where the other rows' MSE hardly falls. The next one goes on
/// from there with twice the nodes and polynomials, the last one with as many nodes as blocks or more.
class MeanFieldRound final : public Round {
 public:
  /// The untrusted blocks of `clues` look for partners. With `waits`, it comes after the local searches have worked for
  /// some of its steps, otherwise before them. The evaluator must outlive the object.
  MeanFieldRound(Evaluator& evaluator, const SearchClues& clues, const Parameters& parameters,
                 const MemoryBudget& memory = {}, bool waits = false);

  [[nodiscard]] RoundPolicy policy() const override;
  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  /// It begins without an order, so that after the last round another one would come to the same.
  [[nodiscard]] bool leads_on_from(const Blocks& /*order*/) const override { return !done_; }
  void state(StateArchive& archive) override;

 private:
  /// Tiles that steps see, and with those behind them that steps do not.
  struct Sample {
    std::size_t fitted = 0;
    std::size_t all = 0;
  };
  [[nodiscard]] Sample sample() const;
  void start(const Blocks& blocks);
  void set_share_precision();
  void renew_prior();
  [[nodiscard]] double objective(std::span<const double> point, double mse) const;
  [[nodiscard]] std::vector<double> solve(std::span<const double> gradient) const;
  void project(std::vector<double>& step) const;
  [[nodiscard]] bool descend();
  void set_resolution();
  void refine();
  [[nodiscard]] bool is_settled() const;
  void decode();

  Evaluator* evaluator_;
  MeanField field_;
  MeanFieldParameters parameters_;
  std::size_t most_bytes_;
  std::set<int> untrusted_;
  PairShares likely_;
  ScoredOrder current_;
  std::vector<double> point_, prior_, precision_;
  double damping_ = 0;     // of the prior's precision
  std::size_t finer_ = 0;  // how often nodes and polynomials have been doubled
  // MSE of the rows that steps do not see, at the round's beginning and after each step.
  std::vector<double> held_out_;
  bool done_ = false;
  bool waits_;
};

}  // namespace kintsugi
