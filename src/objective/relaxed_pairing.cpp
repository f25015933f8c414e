#include "objective/relaxed_pairing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "objective/conjugate_gradients.hpp"

namespace kintsugi {

RelaxedPairing::RelaxedPairing(Evaluator& evaluator, const RelaxedPairingParameters& parameters,
                               const MemoryBudget& memory)
    : evaluator_(&evaluator), parameters_(parameters), memory_(memory), slopes_(evaluator) {}

void RelaxedPairing::start(const Blocks& blocks, const std::set<int>& untrusted, const PairShares& likely) {
  start(ShareGroups(evaluator_->weights(), blocks, untrusted));
  shares_ = groups_.likely_shares(likely);
}

void RelaxedPairing::start(ShareGroups groups) {
  groups_ = std::move(groups);
  shares_ = groups_.equal_shares();
  damping_ = parameters_.damping;
}

// The step of least damped squares, by conjugate gradients.
std::vector<double> RelaxedPairing::solve(std::vector<double> gradient, double damping) const {
  groups_.project(gradient);
  for (double& entry : gradient) entry = -entry;
  return conjugate_gradients(std::move(gradient), parameters_.residual_left, parameters_.most_products,
                             [&](const std::vector<double>& direction) {
                               std::vector<double> product = slopes_.normal_product(direction);
                               groups_.project(product);
                               for (std::size_t n = 0; n < product.size(); ++n) product[n] += damping * direction[n];
                               return product;
                             });
}

bool RelaxedPairing::step(std::size_t tiles) {
  if (shares_.empty()) return false;
  const std::size_t used = std::min(tiles, slopes_.affordable_tiles(shares_.size(), memory_.slopes));
  const ShareSlopes::Summary from = slopes_.linearise(groups_, mixtures_.mix(*evaluator_, groups_, shares_), used);
  const bool lower = std::isfinite(from.mse) && std::isfinite(from.diagonal) && descend(from, used);
  // Searches are many, and slopes take much memory.
  slopes_.clear();
  return lower;
}

// With the slopes at the present shares.
bool RelaxedPairing::descend(const ShareSlopes::Summary& from, std::size_t tiles) {
  const std::vector<double> gradient = slopes_.gradient();
  for (std::int64_t trial = 0; trial < parameters_.trials; ++trial) {
    const std::vector<double> step = solve(gradient, damping_ * from.diagonal);
    std::vector<double> tried = shares_;
    for (std::size_t n = 0; n < tried.size(); ++n) tried[n] += step[n];
    const double error = slopes_.error(mixtures_.mix(*evaluator_, groups_, tried), tiles);
    if (!(error < from.mse)) {
      damping_ *= parameters_.damping_rise;
      continue;
    }
    // Conjugate gradients end with a step at right angles to their residual, hence this form.
    const double fall = damping_ * from.diagonal * dot(step, step) - dot(step, gradient);
    const double predicted = fall / evaluator_->entries(tiles);
    const double gain = (from.mse - error) / predicted;
    if (gain > parameters_.good_gain) damping_ *= parameters_.damping_fall;
    if (gain < parameters_.bad_gain) damping_ *= parameters_.damping_rise;
    shares_ = std::move(tried);
    return true;
  }
  return false;
}

Blocks RelaxedPairing::rounded(Blocks blocks, std::span<const double> shares) const {
  return groups_.rounded(std::move(blocks), shares);
}

void RelaxedPairing::state(StateArchive& archive, const std::set<int>& untrusted) {
  Blocks blocks = groups_.blocks();
  archive(blocks);
  if (archive.reading()) groups_ = ShareGroups(evaluator_->weights(), blocks, untrusted);
  archive(shares_, damping_);
  archive.require(shares_.size() == groups_.size() && std::ranges::all_of(shares_, is_share) && damping_ >= 0);
}

}  // namespace kintsugi
