#include "search/rounds/home_odds.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Newton's steps for so few weights of a convex function: more are hardly ever taken.
constexpr int kMostSteps = 8;
constexpr double kConverged = 1e-6;

// The signs of one block at the places within reach.
struct Choice {
  MatrixXd signs;   // [places][signs]
  VectorXd off;     // how far its present position is from them
  VectorXd chosen;  // how likely its home is each of them, with sum one
};

std::vector<Choice> choices_of(const std::vector<MatrixXd>& signs, std::size_t most) {
  const Index blocks = signs.front().rows();
  const auto reach = static_cast<Index>(most);
  std::vector<Choice> choices;
  choices.reserve(static_cast<std::size_t>(blocks));
  for (Index b = 0; b < blocks; ++b) {
    const Index from = std::max<Index>(0, b - reach);
    const Index places = std::min(blocks, b + reach + 1) - from;
    Choice one{MatrixXd(places, static_cast<Index>(signs.size())), VectorXd(places), VectorXd(places)};
    for (std::size_t k = 0; k < signs.size(); ++k)
      one.signs.col(static_cast<Index>(k)) = signs[k].row(b).segment(from, places).transpose();
    for (Index i = 0; i < places; ++i) one.off(i) = static_cast<double>(from + i - b);
    choices.push_back(std::move(one));
  }
  return choices;
}

VectorXd normalised_exponentials(const VectorXd& logarithms) {
  const VectorXd odds = (logarithms.array() - logarithms.maxCoeff()).exp();
  return odds / odds.sum();
}

// Minus the logarithm of the weights' likelihood where homes are known to be where they were chosen, with a normal
// prior about zero.
struct Likelihood {
  double value = 0;
  VectorXd gradient;
  MatrixXd curvature;
};

Likelihood likelihood(const std::vector<Choice>& choices, const VectorXd& weights, double ridge) {
  Likelihood all{ridge * weights.squaredNorm() / 2, ridge * weights,
                 ridge * MatrixXd::Identity(weights.size(), weights.size())};
  for (const Choice& one : choices) {
    const VectorXd utilities = -one.signs * weights;
    const double highest = utilities.maxCoeff();
    VectorXd odds = (utilities.array() - highest).exp();
    const double sum = odds.sum();
    odds /= sum;
    all.value += highest + std::log(sum) - one.chosen.dot(utilities);
    const VectorXd mean = one.signs.transpose() * odds;
    all.gradient += one.signs.transpose() * one.chosen - mean;
    all.curvature += one.signs.transpose() * odds.asDiagonal() * one.signs - mean * mean.transpose();
  }
  return all;
}

// The likeliest weights, by Newton's method.
void maximise(const std::vector<Choice>& choices, double ridge, VectorXd& weights) {
  Likelihood present = likelihood(choices, weights, ridge);
  for (int step = 0; step < kMostSteps; ++step) {
    VectorXd change = -present.curvature.ldlt().solve(present.gradient);
    Likelihood next = likelihood(choices, weights + change, ridge);
    for (int halving = 0; halving < kMostSteps && !(next.value <= present.value); ++halving) {
      change /= 2;
      next = likelihood(choices, weights + change, ridge);
    }
    if (!(next.value < present.value - kConverged)) return;
    weights += change;
    present = next;
  }
}

}  // namespace

MatrixXd home_odds(const std::vector<MatrixXd>& signs, const HomeOddsParameters& parameters) {
  if (signs.empty()) return {};
  std::vector<Choice> choices = choices_of(signs, parameters.reach);
  VectorXd weights = VectorXd::Zero(static_cast<Index>(signs.size()));
  double spread = parameters.spread;
  for (std::int64_t turn = 0; turn < parameters.turns; ++turn) {
    double squares = 0;
    for (Choice& one : choices) {
      one.chosen = normalised_exponentials(-one.signs * weights - one.off.cwiseAbs2() / (2 * spread * spread));
      squares += one.chosen.dot(one.off.cwiseAbs2());
    }
    spread = std::max(parameters.least_spread, std::sqrt(squares / static_cast<double>(choices.size())));
    maximise(choices, parameters.ridge, weights);
  }
  MatrixXd odds = MatrixXd::Zero(signs.front().rows(), signs.front().cols());
  for (std::size_t k = 0; k < signs.size(); ++k) odds += weights(static_cast<Index>(k)) * signs[k];
  return odds;
}

}  // namespace kintsugi
