#include "search/annealing.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

// Steps of the first round, and how often a round's length may double.
constexpr std::int64_t kFirstRound = 100;
constexpr std::int64_t kLongestRound = 64 * kFirstRound;
// In equilibrium each block holds about one temperature's worth of error: a round begins where that would be so many
// times the present error, or less after rounds in which the order melted, and cools by this factor.
constexpr double kHot = 4;
constexpr double kMildest = 0.25;
constexpr double kCooling = 300;
// Rise of the error at which an order counts as molten.
constexpr double kMolten = 4;
// Moves per block in one walk.
constexpr int kSweeps = 5;
// Steps without a move after which a round is over.
constexpr std::int64_t kFrozen = 8;
// What the model may miss, relative to the equilibrium's error, or the present one or a share of it if that is less or
// more.
constexpr double kShare = 0.15;
constexpr double kGood = 0.3;
constexpr double kBad = 1;
// Bounds of the straying's bound, relative to the present error.
constexpr double kLeastBound = 0.01;
constexpr double kMostBound = 100;
// Of an island's effects, on each rank.
constexpr std::size_t kTableBytes = std::size_t{512} << 20;

}  // namespace

void Annealing::start(const Candidate& from) {
  current_ = from;
  length_ = length_ == 0 ? kFirstRound : std::min(2 * length_, kLongestRound);
  step_ = idle_ = 0;
  if (heat_ == 0) heat_ = kHot;
  start_error_ = bound_ = from.mse;
}

double Annealing::temperature() const {
  const double hottest = heat_ * start_error_ / static_cast<double>(current_.blocks.size());
  return hottest * std::pow(kCooling, -static_cast<double>(step_) / static_cast<double>(length_));
}

bool Annealing::accept(const Candidate& next, double predicted) {
  const double equilibrium = temperature() * static_cast<double>(next.blocks.size());
  const double scale = std::clamp(equilibrium, kShare * current_.mse, current_.mse);
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
  report.event = Event::annealing;
  const std::size_t blocks = current_.blocks.size();
  if (blocks < 3 || !(current_.mse > 0) || !model_->linearise(current_.blocks, current_.tiles)) {
    report.stuck = true;
    return report;
  }
  table_.gather(*model_, kTableBytes);
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
  const bool molten = current_.mse > kMolten * start_error_;
  if (molten) heat_ = std::max(heat_ / 2, kMildest);
  report.stuck = ++step_ >= length_ || idle_ >= kFrozen || molten;
  return report;
}

void Annealing::save(StateWriter& writer) const {
  current_.save(writer);
  writer.put(random_);
  writer.put(length_);
  writer.put(step_);
  writer.put(idle_);
  writer.put(heat_);
  writer.put(start_error_);
  writer.put(bound_);
}

void Annealing::restore(StateReader& reader) {
  current_.restore(reader);
  reader.get(random_);
  reader.get(length_);
  reader.get(step_);
  reader.get(idle_);
  reader.get(heat_);
  reader.get(start_error_);
  reader.get(bound_);
}

}  // namespace kintsugi
