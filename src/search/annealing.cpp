#include "kintsugi/search/annealing.hpp"

#include <algorithm>
#include <cmath>


namespace kintsugi {

namespace {

// Steps of the first round, and how often a round's length may double.
constexpr std::int64_t kFirstRound = 100;
constexpr std::int64_t kLongestRound = 64 * kFirstRound;
// In equilibrium each block holds about one temperature's worth of error: a round begins where that would be so many
// times the present error, and cools by this factor.
constexpr double kHot = 4;
constexpr double kCooling = 300;
// Moves per block in one walk.
constexpr int kSweeps = 5;
// Steps without a move after which a round is over.
constexpr std::int64_t kFrozen = 8;
// What the model may miss, relative to the larger of the equilibrium's error and a share of the present one.
constexpr double kShare = 0.15;
constexpr double kGood = 0.3;
constexpr double kBad = 1;
// Bounds of the straying's bound, relative to the present error.
constexpr double kLeastBound = 0.01;
constexpr double kMostBound = 100;
// Of an island's effects, on each rank.
constexpr std::size_t kTableBytes = std::size_t{128} << 20;

}  // namespace

void Annealing::start(const Candidate& from) {
  current_ = from;
  length_ = length_ == 0 ? kFirstRound : std::min(2 * length_, kLongestRound);
  step_ = idle_ = 0;
  hottest_ = kHot * from.mse / static_cast<double>(from.blocks.size());
  bound_ = from.mse;
}

double Annealing::temperature() const {
  return hottest_ * std::pow(kCooling, -static_cast<double>(step_) / static_cast<double>(length_));
}

bool Annealing::accept(const Candidate& next, double predicted) {
  const double scale = std::max(temperature() * static_cast<double>(next.blocks.size()), kShare * current_.mse);
  const double missed = std::isfinite(next.mse) ? (next.mse - predicted) / scale : 2 * kBad;
  bound_ *= missed > kBad ? 0.5 : missed > kGood ? 0.8 : 1.25;
  bound_ = std::clamp(bound_, kLeastBound * current_.mse, kMostBound * current_.mse);
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
  report.event = 'A';
  const std::size_t blocks = current_.blocks.size();
  if (blocks < 3 || !(current_.mse > 0) || !model_->linearise(current_.blocks, current_.tiles)) {
    report.stuck = true;
    return report;
  }
  model_->gather(table_, kTableBytes);
  current_.mse = model_->base_error();
  ModelWalk walk(table_, Random(random_.next()));
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    walk.run(kSweeps * static_cast<int>(blocks), temperature(), bound_);
    count(walk);
  }
  Candidate next = current_;
  for (std::size_t p = 0; p < blocks; ++p) {
    next.blocks[p] = current_.blocks[static_cast<std::size_t>(walk.order()[p])];
  }
  if (next.blocks == current_.blocks) {
    ++idle_;
  } else {
    next.mse = evaluator_->error(next.blocks, next.tiles);
    if (accept(next, walk.predicted())) {
      current_ = std::move(next);
      report.moves = 1;
    }
    idle_ = 0;
  }
  report.stuck = ++step_ >= length_ || idle_ >= kFrozen;
  return report;
}

void Annealing::save(StateWriter& writer) const {
  current_.save(writer);
  writer.put(random_);
  writer.put(length_);
  writer.put(step_);
  writer.put(idle_);
  writer.put(hottest_);
  writer.put(bound_);
}

void Annealing::restore(StateReader& reader) {
  current_.restore(reader);
  reader.get(random_);
  reader.get(length_);
  reader.get(step_);
  reader.get(idle_);
  reader.get(hottest_);
  reader.get(bound_);
}

}  // namespace kintsugi
