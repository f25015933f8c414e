#include "search/rounds/annealing.hpp"

#include <algorithm>
#include <cmath>

#include "mpi/shared_stop.hpp"

namespace kintsugi {

void Annealing::begin(const ScoredOrder& from) {
  current_ = from;
  progress_.length =
      progress_.length == 0 ? parameters_.first_length : std::min(2 * progress_.length, parameters_.max_length);
  progress_.step = progress_.idle = 0;
  if (temperature_factor_ == 0) temperature_factor_ = parameters_.initial_temperature;
  start_error_ = bound_ = from.mse;
}

double Annealing::temperature() const {
  const double hottest = temperature_factor_ * start_error_ / static_cast<double>(current_.blocks.size());
  return hottest *
         std::pow(parameters_.cooling, -static_cast<double>(progress_.step) / static_cast<double>(progress_.length));
}

bool Annealing::accept(const ScoredOrder& next, double predicted) {
  const double equilibrium = temperature() * static_cast<double>(next.blocks.size());
  const double scale = std::clamp(equilibrium, parameters_.scale_share * current_.mse, current_.mse);
  const double missed = std::isfinite(next.mse) ? (next.mse - predicted) / scale : 2 * parameters_.bad_miss;
  bound_ *= missed > parameters_.bad_miss    ? parameters_.bound_cut
            : missed > parameters_.good_miss ? parameters_.bound_decay
                                             : parameters_.bound_growth;
  bound_ = std::clamp(bound_, parameters_.min_bound * current_.mse, parameters_.max_bound * current_.mse);
  const double luck = random_.uniform();
  return std::isfinite(next.mse) && (next.mse < current_.mse || luck < std::exp(-std::max(0.0, missed)));
}

// A pass over a block costs about six operations a row; a block evaluation four for each of its weights' pairs.
void Annealing::count(const ModelWalk& walk) {
  const Block& block = current_.blocks.front();
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t weight = weights.roles().width * weights.hidden(block.expand);
  const auto passes = static_cast<std::int64_t>(2 * weight) / 3 + 1;
  evaluator_->count_blocks(walk.passes() / passes + 1, current_.tiles);
}

StepReport Annealing::step() {
  StepReport report;
  report.event = Event::annealing;
  const std::size_t blocks = current_.blocks.size();
  if (blocks < 3 || !(current_.mse > 0) || !model_->linearise(current_.blocks, current_.tiles)) {
    report.stuck = true;
    return report;
  }
  table_.gather(*model_, table_bytes_);
  current_.mse = model_->base_error();
  ModelWalk walk(table_, Random(random_.next()));
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    walk.run(static_cast<int>(parameters_.moves_per_block) * static_cast<int>(blocks), temperature(), bound_);
    count(walk);
  }
  mpi::stop_together(evaluator_->island());
  ScoredOrder next = current_;
  for (std::size_t p = 0; p < blocks; ++p) {
    next.blocks[p] = current_.blocks[static_cast<std::size_t>(walk.order()[p])];
  }
  if (next.blocks == current_.blocks) {
    ++progress_.idle;
  } else {
    next.mse = evaluator_->error(next.blocks, next.tiles);
    if (accept(next, walk.predicted())) {
      current_ = std::move(next);
      report.moves = 1;
    }
    progress_.idle = 0;
  }
  const bool diverged = current_.mse > parameters_.divergence * start_error_;
  if (diverged) temperature_factor_ = std::max(temperature_factor_ / 2, parameters_.min_temperature);
  report.stuck = ++progress_.step >= progress_.length || progress_.idle >= parameters_.idle_steps || diverged;
  return report;
}

void Annealing::state(StateArchive& archive) {
  archive(current_, random_, progress_, temperature_factor_, start_error_, bound_);
  const std::int64_t longest = std::max(parameters_.first_length, parameters_.max_length);
  archive.require(progress_.length >= (current_.blocks.empty() ? 0 : 1) && progress_.length <= longest);
  archive.require(progress_.step >= 0 && progress_.step <= progress_.length && progress_.idle >= 0);
  archive.require(temperature_factor_ >= 0 && start_error_ >= 0 && bound_ >= 0);
}

}  // namespace kintsugi
