#include "analysis/bubble_repair.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

/// The states of this rank's tiles in front of some position of an order, and errors of what may follow there.
class CarriedStates {
 public:
  CarriedStates(Evaluator& evaluator, std::size_t tiles)
      : evaluator_(&evaluator), tiles_(tiles), own_(evaluator.own_tiles(tiles)) {
    const Roles& roles = evaluator.weights().roles();
    size_ = roles.width * kTileRows;
    std::size_t widest = 0;
    for (const int piece : roles.expand) widest = std::max(widest, evaluator.weights().inner(piece));
    states_.resize(own_.size() * size_);
    state_.resize(size_);
    residual_.resize(size_);
    hidden_.resize(widest * kTileRows);
    errors_.resize(roles.outputs * kTileRows);
  }

  /// Back in front of the first block.
  void rewind() {
    for (std::size_t t = 0; t < own_.size(); ++t)
      std::copy_n(own_[t]->inputs, size_, states_.begin() + static_cast<std::ptrdiff_t>(t * size_));
  }

  void pass(const Block& block) {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    for (std::size_t t = 0; t < own_.size(); ++t) advance(block, states_.data() + t * size_);
    evaluator_->count_blocks(1, tiles_);
  }

  /// The MSE if `rest` follows. Collective.
  [[nodiscard]] double error(std::span<const Block> rest) {
    mpi::ExactSums sums(1);
    {
      const ScopedSeconds timing(evaluator_->clock().kernels);
      for (std::size_t t = 0; t < own_.size() && !stop_heard(); ++t) {
        std::copy_n(states_.begin() + static_cast<std::ptrdiff_t>(t * size_), size_, state_.begin());
        for (const Block& block : rest) advance(block, state_.data());
        evaluator_->tile_errors(*own_[t], state_.data(), errors_.data());
        double squares = 0;
        for (const float error : errors_) squares += static_cast<double>(error) * static_cast<double>(error);
        sums.add(0, squares);
      }
    }
    evaluator_->count_blocks(static_cast<std::int64_t>(rest.size()), tiles_);
    evaluator_->reduce(sums);
    return sums.value(0) / evaluator_->entries(tiles_);
  }

 private:
  void advance(const Block& block, float* x) {
    evaluator_->kernel(block).residual(evaluator_->weights().block(block), x, residual_.data(), hidden_.data());
    for (std::size_t i = 0; i < size_; ++i) x[i] += residual_[i];
  }

  Evaluator* evaluator_;
  std::size_t tiles_;
  std::size_t size_ = 0;
  std::vector<const RowTile*> own_;
  kernels::TileBuffer states_, state_, residual_, hidden_, errors_;
};

/// One sweep; `mse` is that of `blocks`, before and after. Returns the number of exchanges.
std::int64_t sweep(CarriedStates& states, Blocks& blocks, double& mse) {
  std::int64_t swaps = 0;
  states.rewind();
  for (std::size_t p = 0; p + 1 < blocks.size(); ++p) {
    std::swap(blocks[p], blocks[p + 1]);
    const double exchanged = states.error(std::span<const Block>(blocks).subspan(p));
    if (exchanged < mse) {
      mse = exchanged;
      ++swaps;
    } else {
      std::swap(blocks[p], blocks[p + 1]);
    }
    states.pass(blocks[p]);
  }
  return swaps;
}

}  // namespace

BubbleRepair repair_by_bubbling(Evaluator& evaluator, Blocks blocks, std::size_t tiles, std::int64_t most_evaluations,
                                const std::function<double(const Blocks&)>& error_of) {
  BubbleRepair repair;
  CarriedStates states(evaluator, tiles);
  std::int64_t blocks_evaluated = 0;
  std::int64_t cumulative = 0;
  std::int64_t before = evaluator.block_evaluations();
  double mse = evaluator.error(blocks, tiles);
  while (!repair.finished && (most_evaluations == 0 || repair.evaluations < most_evaluations)) {
    const std::int64_t swaps = sweep(states, blocks, mse);
    blocks_evaluated += evaluator.block_evaluations() - before;
    repair.evaluations = evaluator.to_evaluations(blocks_evaluated);
    repair.spent.push_back(repair.evaluations);
    cumulative += swaps;
    repair.finished = swaps == 0;
    repair.rounds.push_back(
        {"", static_cast<std::int32_t>(repair.rounds.size() + 1), swaps, cumulative, error_of(blocks)});
    before = evaluator.block_evaluations();
  }
  repair.blocks = std::move(blocks);
  return repair;
}

}  // namespace kintsugi
