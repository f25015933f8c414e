#include "kintsugi/search/iterated.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

// A kick moves up to this many blocks, each by up to this many places.
constexpr std::uint64_t kKickMoves = 4;
constexpr int kKickReach = 8;
// Relative rise of the error that is accepted after a kick.
constexpr double kAcceptWorse = 0.05;
// Kicks without a new best order before the search gives up, per block.
constexpr std::int64_t kPatience = 5;
constexpr std::int64_t kLeastPatience = 200;
// The error on twice the rows, relative to the sample's, from which the sample counts as overfitted.
constexpr double kOverfitted = 1.3;

}  // namespace

IteratedSearch::IteratedSearch(Evaluator& evaluator, std::vector<std::unique_ptr<Search>> chain, std::set<int> doubtful,
                               Random random)
    : evaluator_(&evaluator), chain_(std::move(chain)), doubtful_(std::move(doubtful)), random_(random) {}

void IteratedSearch::start(const Candidate& from) {
  current_ = home_ = best_ = from;
  active_ = 0;
  kicks_ = 0;
  chain_.front()->start(from);
}

StepReport IteratedSearch::step() {
  if (current_.blocks.size() < 2) {
    // Nothing to order.
    current_.mse = evaluator_->error(current_.blocks, current_.tiles);
    best_ = current_;
    return {'S', 0, false, true};
  }
  StepReport report = chain_[active_]->step();
  current_ = chain_[active_]->current();
  if (current_.mse < best_.mse) {
    best_ = current_;
    kicks_ = 0;
  }
  if (!report.stuck) {
    if (active_ > 0) {
      active_ = 0;
      chain_.front()->start(current_);
    }
    return report;
  }
  report.stuck = false;
  if (++active_ < chain_.size()) {
    chain_[active_]->start(current_);
    return report;
  }
  if (!grow(report)) {
    if (kicks_ >= std::max(kLeastPatience, kPatience * static_cast<std::int64_t>(current_.blocks.size()))) {
      report.stuck = true;
      --active_;
      return report;
    }
    kick(report);
  }
  active_ = 0;
  chain_.front()->start(current_);
  return report;
}

bool IteratedSearch::grow(StepReport& report) {
  settle();
  const std::size_t tiles = std::min(2 * home_.tiles, evaluator_->rows().tiles());
  if (tiles == home_.tiles) return false;
  const Blocks orders[] = {best_.blocks, home_.blocks};
  const std::vector<double> errors = evaluator_->errors(best_.blocks, orders, tiles);
  if (!(errors[0] > kOverfitted * best_.mse)) return false;
  const std::size_t better = errors[1] < errors[0] ? 1 : 0;
  home_ = {orders[better], errors[better], tiles};
  current_ = best_ = home_;
  kicks_ = 0;
  report.event = 'G';
  return true;
}

void IteratedSearch::settle() {
  if (current_.mse < home_.mse * (1 + kAcceptWorse)) home_ = current_;
}

void IteratedSearch::kick_pairs() {
  std::vector<Block*> blocks;
  for (Block& block : current_.blocks) {
    if (doubtful_.contains(block.expand)) blocks.push_back(&block);
  }
  Block& one = *blocks[random_.below(blocks.size())];
  Block& other = *blocks[random_.below(blocks.size())];
  const SharedWeights& weights = evaluator_->weights();
  if (weights.hidden(one.expand) == weights.hidden(other.expand)) std::swap(one.compress, other.compress);
}

void IteratedSearch::kick(StepReport& report) {
  current_ = home_;
  const int blocks = static_cast<int>(current_.blocks.size());
  const auto moves = static_cast<std::int64_t>(1 + random_.below(kKickMoves));
  for (std::int64_t i = 0; i < moves; ++i) {
    if (doubtful_.size() > 1 && random_.below(2) == 0) {
      kick_pairs();
      continue;
    }
    const int from = static_cast<int>(random_.below(static_cast<std::uint64_t>(blocks)));
    const int shift = static_cast<int>(random_.below(2 * kKickReach + 1)) - kKickReach;
    insert_in(current_.blocks, from, std::clamp(from + shift, 0, blocks - 1));
  }
  current_.mse = evaluator_->error(current_.blocks, current_.tiles);
  ++kicks_;
  report.event = 'K';
  report.moves = moves;
}

}  // namespace kintsugi
