#include "search/rounds/pair_decoding.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "core/stop.hpp"
#include "mpi/shared_stop.hpp"
#include "search/on_sample.hpp"
#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

// The order where these pairs have changed sides.
Blocks flipped(const Blocks& order, const std::vector<PositionPair>& pairs, std::span<const std::size_t> flips) {
  std::vector<int> positions(order.size());
  std::iota(positions.begin(), positions.end(), 0);
  for (const std::size_t flip : flips) {
    ++positions[pairs[flip].first];
    --positions[pairs[flip].second];
  }
  return sorted_by(order, [&](std::size_t p) { return positions[p]; });
}

// Draws take turns at these shares of the variance.
constexpr double kCooling[] = {1, 0.25, 0.0625};

}  // namespace

PairDecoding::PairDecoding(Evaluator& evaluator, Random random, DepthPrior& prior, const Parameters& parameters)
    : evaluator_(&evaluator), random_(random), prior_(&prior), parameters_(parameters.pair_decoding) {}

std::size_t PairDecoding::reach(std::size_t blocks, const PairDecodingParameters& parameters) {
  return std::min({parameters.reach, parameters.most_pairs / blocks, blocks - 1});
}

void PairDecoding::begin(const ScoredOrder& from) {
  prior_->begin(from.blocks);
  current_ = from;
  iterate_ = on_enough_rows(*evaluator_, from, parameters_.rows_per_block * from.blocks.size());
  lowest_ = iterate_.mse;
  step_ = idle_ = 0;
}

// By where the depth prior holds the blocks to be.
std::vector<double> PairDecoding::flip_costs(const std::vector<PositionPair>& pairs) {
  prior_->set_order(iterate_.blocks, DepthPrior::Knows::line_and_homes);
  std::vector<double> costs;
  costs.reserve(pairs.size());
  for (const auto& [first, second] : pairs) costs.push_back(prior_->flip_cost(first, second, parameters_.spread));
  return costs;
}

// This rank's draws, as words: of each path the draw, the bits of what the model leaves, and the pairs that change
// sides, preceded by their number.
std::vector<std::int64_t> PairDecoding::decode(const PairTreeSearch& tree, const PairTreeSearch::Rule& rule) {
  const std::uint64_t seed = random_.next();
  const auto ranks = static_cast<std::size_t>(evaluator_->island().size());
  std::vector<std::int64_t> words;
  for (auto draw = static_cast<std::size_t>(evaluator_->island().rank()); draw < parameters_.draws && !stop_heard();
       draw += ranks) {
    Random random(seed, draw);
    PairTreeSearch::Rule colder = rule;
    colder.variance *= kCooling[draw % std::size(kCooling)];
    Eigen::VectorXd noise = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(tree.pairs()));
    // The first ones are the likeliest decisions themselves.
    if (draw >= std::size(kCooling)) {
      for (double& one : noise) one = std::sqrt(colder.variance) * random.normal();
    }
    for (const std::vector<std::size_t>& flips : tree.search(colder, noise)) {
      words.insert(words.end(), {static_cast<std::int64_t>(draw), std::bit_cast<std::int64_t>(tree.left(flips)),
                                 static_cast<std::int64_t>(flips.size())});
      for (const std::size_t flip : flips) words.push_back(static_cast<std::int64_t>(flip));
    }
  }
  return words;
}

std::vector<PairDecoding::Candidate> PairDecoding::candidates(const NearPairEquations& equations, double entries) {
  const PairTreeSearch tree(equations);
  const PairTreeSearch::Rule rule{
      .flip_costs = flip_costs(equations.pairs),
      .variance = (miss_ > 0 ? miss_ : iterate_.mse) * entries / static_cast<double>(tree.pairs()),
      .width = parameters_.width,
      .results = parameters_.results};
  const std::vector<std::int64_t> own = decode(tree, rule);
  mpi::stop_together(evaluator_->island());
  // Every rank learns what came of all draws, in the order of the draws.
  const std::vector<std::int64_t> words = evaluator_->island().gather_all(own);
  std::map<std::int64_t, std::vector<Candidate>> by_draw;
  for (std::size_t at = 0; at < words.size();) {
    const auto count = static_cast<std::size_t>(words[at + 2]);
    std::vector<std::size_t> flips;
    for (std::size_t i = 0; i < count; ++i) flips.push_back(static_cast<std::size_t>(words[at + 3 + i]));
    by_draw[words[at]].push_back(
        {flipped(iterate_.blocks, equations.pairs, flips), std::bit_cast<double>(words[at + 1]) / entries});
    at += 3 + count;
  }
  std::vector<Candidate> all;
  for (auto& [draw, found] : by_draw) {
    for (Candidate& one : found) {
      if (std::ranges::find(all, one.order, &Candidate::order) == all.end()) all.push_back(std::move(one));
    }
  }
  return all;
}

void PairDecoding::learn_miss(const std::vector<Candidate>& candidates, const std::vector<double>& errors) {
  std::vector<double> misses;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const double missed = errors[i] - candidates[i].predicted;
    misses.push_back(std::isnan(missed) ? std::numeric_limits<double>::infinity() : missed);
  }
  const auto middle = misses.begin() + static_cast<std::ptrdiff_t>(misses.size() / 2);
  std::ranges::nth_element(misses, middle);
  if (std::isfinite(*middle)) miss_ = std::max(*middle, parameters_.least_miss * iterate_.mse);
}

StepReport PairDecoding::step() {
  StepReport report{.event = Event::pair_decoding};
  ++step_;
  const std::size_t far = reach(iterate_.blocks.size(), parameters_);
  const NearPairEquations equations = near_pair_equations(*evaluator_, iterate_.blocks, far, iterate_.tiles);
  if (!std::isfinite(equations.square) || !equations.gram.allFinite()) {
    report.stuck = true;
    return report;
  }
  const std::vector<Candidate> decided = candidates(equations, evaluator_->entries(iterate_.tiles));
  if (decided.empty()) {
    report.stuck = true;
    return report;
  }
  std::vector<Blocks> orders;
  orders.reserve(decided.size());
  for (const Candidate& candidate : decided) orders.push_back(candidate.order);
  const std::vector<double> errors = evaluator_->errors(iterate_.blocks, orders, iterate_.tiles);
  learn_miss(decided, errors);
  const auto best = std::ranges::min_element(errors) - errors.begin();
  report.moves = orders[static_cast<std::size_t>(best)] != iterate_.blocks ? 1 : 0;
  go_on_from(orders[static_cast<std::size_t>(best)], errors[static_cast<std::size_t>(best)]);
  report.stuck = step_ >= parameters_.steps || idle_ >= parameters_.idle_steps;
  return report;
}

void PairDecoding::go_on_from(const Blocks& order, double error) {
  iterate_.blocks = order;
  iterate_.mse = error;
  idle_ = error < lowest_ ? 0 : idle_ + 1;
  lowest_ = std::min(lowest_, error);
  current_ = on_sample(*evaluator_, iterate_, current_.tiles);
}

void PairDecoding::state(StateArchive& archive) {
  archive(random_, iterate_, current_, lowest_, miss_, step_, idle_);
  archive.require(iterate_.blocks.empty() == current_.blocks.empty());
  archive.require(miss_ >= 0 && step_ >= 0 && idle_ >= 0);
}

}  // namespace kintsugi
