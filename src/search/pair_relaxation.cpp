#include "search/pair_relaxation.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

// Rows for each block that looks for its partner, in the first round; each further one has twice as many, up to so many
// times. Rows are what keeps the shares from fitting the order's errors.
constexpr std::size_t kRowsPerBlock = 40;
constexpr std::int64_t kDoublings = 2;
constexpr std::int64_t kSteps = 2;
// Orders in the first round, the present one included.
constexpr std::int64_t kFirstOrders = 2;
// The share that the latest order has in the average, at least.
constexpr double kLatest = 0.5;
// As long as pairs come out that are not the present ones, rounds have so many times the work of the chain.
constexpr std::int64_t kUnsettled = 8;

bool same_sequence(const Blocks& a, const Blocks& b) {
  return std::ranges::equal(a, b, {}, &Block::expand, &Block::expand);
}

}  // namespace

std::int64_t PairRelaxation::claim() const { return moved_ || !settled_ ? kUnsettled : 1; }

void PairRelaxation::start(const Candidate& from) {
  current_ = from;
  // The same order would give the same shares again.
  const bool another = rounds_ > kDoublings && same_sequence(from.blocks, last_);
  if (another) random_.shuffle(std::span(current_.blocks));
  if (another || !std::isfinite(from.mse)) current_.mse = evaluator_->error(current_.blocks, current_.tiles);
  last_ = from.blocks;
  pairing_.start(current_.blocks, loose_);
  left_ = rounds_ == 0 ? kFirstOrders : 1;
  steps_ = 0;
}

void PairRelaxation::average() {
  const std::span<const double> latest = pairing_.shares();
  mean_.resize(latest.size(), 0);
  const double share = std::max(kLatest, 1 / static_cast<double>(++samples_));
  for (std::size_t n = 0; n < mean_.size(); ++n) mean_[n] += share * (latest[n] - mean_[n]);
}

StepReport PairRelaxation::step() {
  StepReport report;
  report.event = Event::pair_relaxation;
  const std::size_t rows = kRowsPerBlock * loose_.size() << std::min(rounds_, kDoublings);
  const bool lower = pairing_.step(std::max(current_.tiles, evaluator_->rows().tiles_for(rows)));
  if (lower && ++steps_ < kSteps) return report;
  if (steps_ > 0) average();
  steps_ = 0;
  if (--left_ == 0) {
    finish(report);
    return report;
  }
  Blocks order = current_.blocks;
  random_.shuffle(std::span(order));
  pairing_.start(order, loose_);
  return report;
}

void PairRelaxation::finish(StepReport& report) {
  report.stuck = true;
  ++rounds_;
  if (samples_ == 0) return;
  const Blocks before = current_.blocks;
  const Blocks found[] = {pairing_.rounded(before, mean_), pairing_.rounded(before, pairing_.shares())};
  const std::vector<double> errors = evaluator_->errors(before, found, current_.tiles);
  const std::size_t better = errors[1] < errors[0] ? 1 : 0;
  current_ = {found[better], errors[better], current_.tiles};
  for (std::size_t p = 0; p < before.size(); ++p) {
    if (before[p].compress != current_.blocks[p].compress) ++report.moves;
  }
  moved_ = report.moves > 0;
  settled_ = found[0] == found[1];
}

void PairRelaxation::save(StateWriter& writer) const {
  current_.save(writer);
  pairing_.save(writer);
  writer.put(random_);
  writer.put(std::span(mean_));
  writer.put(last_);
  writer.put(samples_);
  writer.put(rounds_);
  writer.put(static_cast<std::int64_t>(moved_));
  writer.put(static_cast<std::int64_t>(settled_));
  writer.put(left_);
  writer.put(steps_);
}

void PairRelaxation::restore(StateReader& reader) {
  current_.restore(reader);
  pairing_.restore(reader, loose_);
  reader.get(random_);
  reader.get(mean_);
  reader.get(last_);
  reader.get(samples_);
  reader.get(rounds_);
  moved_ = reader.get<std::int64_t>() != 0;
  settled_ = reader.get<std::int64_t>() != 0;
  reader.get(left_);
  reader.get(steps_);
}

}  // namespace kintsugi
