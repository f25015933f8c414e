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
  const std::size_t blocks = settled_ ? next_size() : size_;
  const std::size_t work = parameters_.orders_per_block * blocks * blocks * tiles(blocks);
  return {.work_share = parameters_.work_share,
          .first_work = parameters_.generations * static_cast<std::int64_t>(work)};
}

std::size_t Ensemble::next_size() const {
  const std::size_t all = evaluator_->weights().roles().expand.size();
  const std::size_t first = std::min(parameters_.first_blocks, all);
  std::size_t next = size_ == 0 || size_ == all ? first : size_ + (size_ + 1) / 2;
  // A few more are as soon placed with them.
  if (5 * next > 4 * all) next = all;
  return next > first && bytes(next) > table_bytes_ ? first : next;
}

std::size_t Ensemble::bytes(std::size_t blocks) const {
  const std::size_t orders = parameters_.orders_per_block * blocks;
  const std::size_t entries = parameters_.entries_per_block * blocks;
  // Differences as they come, as they are sent, and twice as a matrix; what the model misses, and its roots.
  return orders * entries * (2 * sizeof(float) + 2 * sizeof(double)) + 3 * entries * entries * sizeof(double);
}

std::size_t Ensemble::tiles(std::size_t blocks) const {
  const std::size_t outputs = evaluator_->weights().roles().outputs;
  return evaluator_->rows().tiles_for((parameters_.entries_per_block * blocks + outputs - 1) / outputs);
}

void Ensemble::begin(const ScoredOrder& from) {
  current_ = from;
  generation_ = 0;
  if (!settled_) return;
  settled_ = false;
  size_ = next_size();
  base_ = from.blocks;
  const auto blocks = static_cast<Index>(size_);
  const double width = parameters_.width * static_cast<double>(size_);
  belief_.mean = VectorXd::LinSpaced(blocks, 0, static_cast<double>(size_ - 1));
  belief_.covariance = width * width * MatrixXd::Identity(blocks, blocks);
}

Blocks Ensemble::order_by(const VectorXd& keys) const {
  const auto start = static_cast<Index>(base_.size() - size_);
  return sorted_by(base_, [&](std::size_t p) {
    const Index placed = static_cast<Index>(p) - start;
    return placed < 0 ? std::numeric_limits<double>::lowest() : keys(placed);
  });
}

// In pairs on both sides of the mean.
MatrixXd Ensemble::draw() {
  const auto blocks = static_cast<Index>(size_);
  const MatrixXd root = belief_.covariance.llt().matrixL();
  MatrixXd keys(static_cast<Index>(parameters_.orders_per_block) * blocks, blocks);
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
  const SharedSample sample(*evaluator_, tiles(size_));
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
    std::optional<PositionBelief> belief = updated_belief(drawn, parameters_);
    if (!belief) return;
    belief_ = std::move(*belief);
    // What is beyond the ends is at the ends.
    belief_.mean = belief_.mean.cwiseMax(-1).cwiseMin(static_cast<double>(size_));
    learnt = 1;
  });
  island.broadcast(std::span(&learnt, 1));
  if (learnt == 0) return false;
  island.broadcast(std::span(belief_.mean.data(), size_));
  island.broadcast(std::span(belief_.covariance.data(), size_ * size_));
  island.broadcast(std::span(&belief_.deviation, 1));
  island.broadcast(std::span(&belief_.surprise, 1));
  return true;
}

StepReport Ensemble::step() {
  StepReport report{.event = Event::ensemble};
  const std::size_t start = base_.size() - size_;
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
  settled_ = !learnt || belief_.deviation < parameters_.settled || astray;
  report.stuck = settled_ || ++generation_ >= parameters_.generations;
  return report;
}

void Ensemble::state(StateArchive& archive) {
  std::vector<double> mean(belief_.mean.begin(), belief_.mean.end());
  std::vector<double> covariance(belief_.covariance.reshaped().begin(), belief_.covariance.reshaped().end());
  archive(random_, current_, base_, size_, generation_, settled_, mean, covariance);
  if (!archive.reading()) return;
  archive.require(mean.size() == size_ && covariance.size() == size_ * size_ && size_ <= base_.size());
  archive.require(base_.empty() == current_.blocks.empty() && (settled_ || size_ > 1) && generation_ >= 0);
  const auto finite = [](double x) { return std::isfinite(x); };
  archive.require(std::ranges::all_of(mean, finite) && std::ranges::all_of(covariance, finite));
  const auto blocks = static_cast<Index>(size_);
  belief_.mean = Eigen::Map<const VectorXd>(mean.data(), blocks);
  belief_.covariance = Eigen::Map<const MatrixXd>(covariance.data(), blocks, blocks);
  archive.require(settled_ || belief_.covariance.llt().info() == Eigen::Success);
}

}  // namespace kintsugi
