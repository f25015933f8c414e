#include "search/rounds/ensemble.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "mpi/shared_stop.hpp"
#include "objective/shared_sample.hpp"
#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Ensemble::Ensemble(Evaluator& evaluator, Random random, const EnsembleParameters& parameters, std::size_t table_bytes)
    : evaluator_(&evaluator), random_(random), parameters_(parameters), table_bytes_(table_bytes) {}

RoundPolicy Ensemble::policy() const {
  const Scope scope = next_scope();
  const std::size_t work = orders(scope) * scope.blocks * tiles(scope);
  return {.work_share = parameters_.work_share, .first_work = parameters_.waiting * static_cast<std::int64_t>(work)};
}

Ensemble::Scope Ensemble::next_scope() const {
  const std::size_t all = evaluator_->weights().roles().expand.size();
  const Scope nearly{all, true};
  const bool many = 5 * parameters_.first_blocks < 4 * all;
  if (many && scope_.blocks != 0 && !scope_.near && bytes(nearly) <= table_bytes_) return nearly;
  const std::size_t first = std::min(parameters_.first_blocks, all);
  std::size_t next = anywhere_ == 0 || anywhere_ == all ? first : anywhere_ + (anywhere_ + 1) / 2;
  // A few more are as soon placed with them.
  if (5 * next > 4 * all) next = all;
  if (next > first && bytes({next, false}) > table_bytes_) next = first;
  return {next, false};
}

std::size_t Ensemble::orders(const Scope& scope) const {
  return scope.blocks * (scope.near ? parameters_.orders_per_near_block : parameters_.orders_per_block);
}

std::size_t Ensemble::entries(const Scope& scope) const {
  return scope.blocks * (scope.near ? parameters_.entries_per_near_block : parameters_.entries_per_block);
}

std::size_t Ensemble::bytes(const Scope& scope) const {
  const std::size_t square = entries(scope) * entries(scope);
  // Differences as they come, as they are sent, and twice as a matrix; what the model misses, and its roots.
  return orders(scope) * entries(scope) * (2 * sizeof(float) + 2 * sizeof(double)) + 3 * square * sizeof(double);
}

std::size_t Ensemble::tiles(const Scope& scope) const {
  const std::size_t outputs = evaluator_->weights().roles().outputs;
  return evaluator_->rows().tiles_for((entries(scope) + outputs - 1) / outputs);
}

void Ensemble::begin(const ScoredOrder& from) {
  current_ = from;
  generation_ = 0;
  scope_ = next_scope();
  if (!scope_.near) anywhere_ = scope_.blocks;
  base_ = from.blocks;
  const auto blocks = static_cast<Index>(scope_.blocks);
  const double width = scope_.near ? parameters_.near_places : parameters_.width * static_cast<double>(blocks);
  belief_.mean = VectorXd::LinSpaced(blocks, 0, static_cast<double>(blocks - 1));
  belief_.covariance = width * width * MatrixXd::Identity(blocks, blocks);
}

Blocks Ensemble::order_by(const VectorXd& keys) const {
  const auto start = static_cast<Index>(base_.size() - scope_.blocks);
  return sorted_by(base_, [&](std::size_t p) {
    const Index placed = static_cast<Index>(p) - start;
    return placed < 0 ? std::numeric_limits<double>::lowest() : keys(placed);
  });
}

// In pairs on both sides of the mean.
MatrixXd Ensemble::draw() {
  const auto blocks = static_cast<Index>(scope_.blocks);
  const MatrixXd root = belief_.covariance.llt().matrixL();
  MatrixXd keys(static_cast<Index>(orders(scope_)), blocks);
  VectorXd normal(blocks);
  for (Index i = 0; i < keys.rows(); i += 2) {
    for (double& one : normal) one = random_.normal();
    const VectorXd shift = root * normal;
    keys.row(i) = belief_.mean + shift;
    if (i + 1 < keys.rows()) keys.row(i + 1) = belief_.mean - shift;
  }
  return keys;
}

MatrixXd Ensemble::differences(const std::vector<Blocks>& orders) {
  const mpi::Comm& island = evaluator_->island();
  const std::size_t rows = tiles(scope_);
  const std::size_t samples = evaluator_->rows().tiles() / rows;
  const SharedSample sample(*evaluator_, rows, rows * (static_cast<std::size_t>(asked_++) % samples));
  const std::vector<float> own = evaluator_->own_differences(orders.front(), orders, sample);
  mpi::stop_together(island);
  const auto ranks = static_cast<std::size_t>(island.size());
  std::vector<std::size_t> counts(ranks, 0);
  counts.front() = own.size();
  const std::vector<float> all = island.all_to_all(own, counts);
  if (!island.root()) return {};
  const auto entries = static_cast<Index>(all.size() / orders.size());
  // A tile of many outputs has more entries than so many orders can tell the noise of.
  const Index used = std::min(entries, static_cast<Index>(2 * orders.size() / 3));
  MatrixXd matrix(static_cast<Index>(orders.size()), used);
  const float* from = all.data();
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (std::size_t i = rank; i < orders.size(); i += ranks, from += entries)
      matrix.row(static_cast<Index>(i)) = Eigen::Map<const Eigen::RowVectorXf>(from, used).cast<double>();
  }
  return matrix;
}

bool Ensemble::learn(const DrawnOrders& drawn) {
  const mpi::Comm& island = evaluator_->island();
  std::int64_t learnt = 0;
  island.agree([&] {
    if (!island.root()) return;
    // Deviations of blocks that are near come from what is known of the order, and hold.
    const double excess = scope_.near ? 0 : parameters_.inflation - 1;
    const double inflation = 1 + excess * std::pow(parameters_.inflation_decay, static_cast<double>(generation_));
    std::optional<PositionBelief> belief = updated_belief(drawn, inflation, parameters_);
    if (!belief) return;
    belief_ = std::move(*belief);
    // What is beyond the ends is at the ends.
    belief_.mean = belief_.mean.cwiseMax(-1).cwiseMin(static_cast<double>(scope_.blocks));
    learnt = 1;
  });
  island.broadcast(std::span(&learnt, 1));
  if (learnt == 0) return false;
  island.broadcast(std::span(belief_.mean.data(), scope_.blocks));
  island.broadcast(std::span(belief_.covariance.data(), scope_.blocks * scope_.blocks));
  island.broadcast(std::span(&belief_.deviation, 1));
  island.broadcast(std::span(&belief_.surprise, 1));
  return true;
}

StepReport Ensemble::step() {
  StepReport report{.event = Event::ensemble};
  const std::size_t start = base_.size() - scope_.blocks;
  const MatrixXd keys = draw();
  DrawnOrders drawn{.positions = MatrixXd(keys.rows(), keys.cols()), .differences = {}};
  std::vector<Blocks> orders;
  orders.reserve(static_cast<std::size_t>(keys.rows()));
  for (Index i = 0; i < keys.rows(); ++i) {
    orders.push_back(order_by(keys.row(i)));
    const std::vector<std::size_t> positions = positions_in(base_, orders.back());
    for (Index b = 0; b < keys.cols(); ++b)
      drawn.positions(i, b) = static_cast<double>(positions[start + static_cast<std::size_t>(b)] - start);
  }
  drawn.differences = differences(orders);
  const bool learnt = learn(drawn);
  if (learnt) {
    Blocks likeliest = order_by(belief_.mean);
    report.moves = likeliest != current_.blocks ? 1 : 0;
    current_ = {likeliest, evaluator_->error(likeliest, current_.tiles), current_.tiles};
  }
  // No end is likely behind a wrong start; and a belief that has missed the answer does not find back.
  const bool astray = belief_.surprise > parameters_.surprise;
  report.stuck =
      !learnt || belief_.deviation < parameters_.settled || astray || ++generation_ >= parameters_.generations;
  return report;
}

void Ensemble::state(StateArchive& archive) {
  std::vector<double> mean(belief_.mean.begin(), belief_.mean.end());
  std::vector<double> covariance(belief_.covariance.reshaped().begin(), belief_.covariance.reshaped().end());
  archive(random_, current_, base_, scope_.blocks, scope_.near, anywhere_, generation_, asked_, mean, covariance);
  if (!archive.reading()) return;
  archive.require(mean.size() == scope_.blocks && covariance.size() == scope_.blocks * scope_.blocks);
  archive.require(scope_.blocks <= base_.size() && anywhere_ <= base_.size() && asked_ >= 0);
  archive.require(base_.empty() == current_.blocks.empty() && scope_.blocks != 1 && generation_ >= 0);
  const auto finite = [](double x) { return std::isfinite(x); };
  archive.require(std::ranges::all_of(mean, finite) && std::ranges::all_of(covariance, finite));
  const auto blocks = static_cast<Index>(scope_.blocks);
  belief_.mean = Eigen::Map<const VectorXd>(mean.data(), blocks);
  belief_.covariance = Eigen::Map<const MatrixXd>(covariance.data(), blocks, blocks);
  archive.require(base_.empty() || belief_.covariance.llt().info() == Eigen::Success);
}

}  // namespace kintsugi
