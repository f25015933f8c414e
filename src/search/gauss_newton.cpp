#include "search/gauss_newton.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <set>
#include <span>

namespace kintsugi {

namespace {

// Rows for each block whose place is looked for: fewer are overfitted.
constexpr std::size_t kRowsPerBlock = 40;
// The widest bandwidth is this share of the blocks, each further one half of it, none narrower than this.
constexpr double kWidest = 1.0 / 6;
constexpr double kNarrowest = 1.5;
constexpr std::int64_t kCycles = 10;
// A round has melted where even a cycle's lowest error is so many times the one that it was given; damping then rises.
constexpr double kMolten = 4;
constexpr double kDamping = 0.1;
constexpr double kMostDamping = 10;
constexpr double kDampingFactor = 3;
// Plain rounds are at their end where a round begins at more than this share of the last one's error.
constexpr double kFrozen = 0.5;
// One block in so many is tried at all places before a relocation, on so many rows for each block; what comes of it is
// judged on more.
constexpr std::size_t kTriedShare = 4;
constexpr std::size_t kMostTried = 4096;  // places of all these blocks: memory and time grow with them
constexpr std::size_t kTriedRowsPerBlock = 8;
constexpr std::size_t kJudgedRowsPerBlock = 20;
// Nearer places make no difference that swaps of neighbours could not make up for.
constexpr int kNearest = 3;
// The best relocation is made, and up to so many that promise to leave less than the present order.
constexpr std::size_t kMostMoved = 4;
// An order is walked to if it leaves at most so much more, as a share, than the least left so far; the share falls to
// none over a round.
constexpr double kAcceptWorse = 0.1;
// After so many relocations the steps of all blocks have a cycle. The first round with relocations has so many, each
// further one twice as many.
constexpr std::int64_t kSettleEvery = 6;
constexpr std::int64_t kFirstRelocating = 2 * kSettleEvery;
constexpr std::int64_t kLongestRelocating = 8 * kFirstRelocating;
// Where relocations since the last cycle were in vain, pairs change sides: those with coefficients above the one of
// these that leaves least.
constexpr double kCertain[] = {0.5, 0.7, 0.85};
constexpr double kUnknown = std::numeric_limits<double>::infinity();

// From wide to narrow.
std::vector<double> bandwidths(std::size_t blocks) {
  std::vector<double> all{std::max(kNarrowest, kWidest * static_cast<double>(blocks))};
  while (all.back() >= 2 * kNarrowest) all.push_back(all.back() / 2);
  return all;
}

// The order where pairs change sides whose coefficients are above `certain`.
Blocks flipped(const Blocks& order, const std::vector<std::array<double, 2>>& flips, double certain) {
  std::vector<std::size_t> places(order.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::vector<std::size_t> sequence = places;
  for (std::size_t p = 0; p < order.size(); ++p) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (!(flips[p][i] > certain)) continue;
      ++places[p];
      --places[p + 1 + i];
    }
  }
  std::ranges::stable_sort(sequence, {}, [&](std::size_t p) { return places[p]; });
  Blocks result;
  for (const std::size_t p : sequence) result.push_back(order[p]);
  return result;
}

}  // namespace

void GaussNewton::start(const Candidate& from) {
  current_ = from;
  walker_ = {from.blocks, from.mse,
             std::max(from.tiles, evaluator_->rows().tiles_for(kRowsPerBlock * from.blocks.size()))};
  const bool frozen = start_error_ > 0 && from.mse > kFrozen * start_error_;
  if (relocating_ == 0 && frozen && bandwidths(from.blocks.size()).size() > 1) relocating_ = kFirstRelocating / 2;
  if (relocating_ > 0) {
    relocating_ = std::min(2 * relocating_, kLongestRelocating);
    // Descents lower the error at once, but lead away from what relocations have come to.
    const double left = judge(from.blocks);
    if (!(left_ <= left) || !std::ranges::is_permutation(home_, from.blocks)) {
      home_ = from.blocks;
      left_ = least_left_ = left;
    }
  }
  if (damping_ == 0) damping_ = kDamping;
  start_error_ = from.mse;
  cycle_ = 0;
  begin_cycle();
}

void GaussNewton::begin_cycle() {
  lowest_.mse = settled_left_ = kUnknown;
  moved_ = false;
  flipped_out_ = false;
  step_ = 0;
  if (relocating_ > 0) walker_.blocks = home_;
}

double GaussNewton::judge(const Blocks& order) {
  const std::size_t tiles = evaluator_->rows().tiles_for(kJudgedRowsPerBlock * order.size());
  return adjusted_errors_.solve(order, {}, tiles).present;
}

bool GaussNewton::walk_to(const Blocks& order, double left) {
  const double share = kAcceptWorse * (1 - static_cast<double>(cycle_) / static_cast<double>(relocating_));
  if (!(left <= (1 + share) * least_left_)) return false;
  home_ = order;
  left_ = left;
  least_left_ = std::min(least_left_, left);
  return true;
}

std::vector<int> GaussNewton::draw() {
  std::vector<int> positions(home_.size());
  std::iota(positions.begin(), positions.end(), 0);
  random_.shuffle(std::span(positions));
  if (!elites_.empty() && random_.below(2) == 0) {
    const Blocks& elite = elites_[random_.below(elites_.size())];
    (void)std::stable_partition(positions.begin(), positions.end(), [&](int p) {
      return std::abs(position_of(home_[static_cast<std::size_t>(p)].expand, elite) - p) >= kNearest;
    });
  }
  const std::size_t affordable = std::max<std::size_t>(1, kMostTried / positions.size());
  positions.resize(std::clamp<std::size_t>(positions.size() / kTriedShare, 1, affordable));
  return positions;
}

std::int64_t GaussNewton::relocate() {
  const std::vector<int> from = draw();
  const auto blocks = static_cast<int>(home_.size());
  const std::size_t tiles = evaluator_->rows().tiles_for(kTriedRowsPerBlock * home_.size());
  const AdjustedErrors::Result errors = adjusted_errors_.solve(home_, from, tiles);
  std::vector<Insertion> moves;
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (int to = 0; to < blocks; ++to) {
      if (std::abs(to - from[i]) < kNearest) continue;
      moves.push_back({from[i], to, errors.moved[i * home_.size() + static_cast<std::size_t>(to)] - errors.present});
    }
  }
  std::ranges::stable_sort(moves, {}, &Insertion::change);
  Blocks order = home_;
  std::set<int> moved;
  for (const Insertion& move : moves) {
    if (moved.size() == kMostMoved || (!moved.empty() && !(move.change < 0))) break;
    const int expand = home_[static_cast<std::size_t>(move.from)].expand;
    if (moved.insert(expand).second) insert_in(order, position_of(expand, order), move.to);
  }
  return walk_to(order, judge(order)) ? static_cast<std::int64_t>(moved.size()) : 0;
}

bool GaussNewton::flip() {
  const std::size_t tiles = evaluator_->rows().tiles_for(kJudgedRowsPerBlock * home_.size());
  const AdjustedErrors::Result errors = adjusted_errors_.solve(home_, {}, tiles);
  Blocks best;
  double least = left_;
  for (const double certain : kCertain) {
    const Blocks order = flipped(home_, errors.flips, certain);
    if (order == home_) break;
    if (const double left = judge(order); left < least) {
      best = order;
      least = left;
    }
  }
  return !best.empty() && walk_to(best, least);
}

bool GaussNewton::move(const std::vector<double>& places, double farthest) {
  const auto usable = [](double place) { return std::isfinite(place); };
  if (places.empty() || !std::ranges::all_of(places, usable)) return false;
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, {}, [&](std::size_t p) { return static_cast<double>(p) + std::clamp(places[p], -farthest, farthest); });
  Blocks moved;
  for (const std::size_t p : order) moved.push_back(walker_.blocks[p]);
  moved_ = moved_ || moved != walker_.blocks;
  walker_.blocks = std::move(moved);
  return true;
}

void GaussNewton::end_cycle() {
  if (relocating_ > 0) (void)walk_to(settled_, settled_left_);
  current_.blocks = lowest_.blocks;
  current_.mse = current_.tiles == lowest_.tiles ? lowest_.mse : evaluator_->error(lowest_.blocks, current_.tiles);
  ++cycle_;
  begin_cycle();
}

StepReport GaussNewton::step() {
  StepReport report;
  const bool relocates = relocating_ > 0;
  if (relocates && (cycle_ + 1) % kSettleEvery != 0) {
    report.event = Event::relocation;
    report.moves = relocate();
    in_vain_ = report.moves > 0 ? 0 : in_vain_ + 1;
    ++cycle_;
    begin_cycle();
    return report;
  }
  report.event = Event::gauss_newton;
  if (relocates && in_vain_ >= kSettleEvery - 1 && !flipped_out_) {
    flipped_out_ = !flip();
    report.moves = flipped_out_ ? 0 : 1;
    walker_.blocks = home_;
    return report;
  }
  std::vector<double> widths = bandwidths(walker_.blocks.size());
  if (relocates) widths.erase(widths.begin());
  const auto sweep = static_cast<std::int64_t>(widths.size());
  const double width = widths[static_cast<std::size_t>(step_ % sweep)];
  const PositionStep::Result found = position_step_.solve(walker_.blocks, walker_.tiles, width, damping_);
  walker_.mse = found.mse;
  if (walker_.mse < lowest_.mse || step_ == 0) lowest_ = walker_;
  report.moves = 1;
  bool molten = !move(found.shifts, width);
  if (relocates) {
    if (const double left = judge(walker_.blocks); left < settled_left_ || step_ == 0) {
      settled_ = walker_.blocks;
      settled_left_ = left;
    }
  }
  bool settled = false;
  if (++step_ % sweep == 0) {
    molten = molten || (!relocates && lowest_.mse > kMolten * start_error_);
    settled = !relocates && !moved_;
    if (!molten || relocates) end_cycle();
  }
  report.stuck = (molten && !relocates) || settled || cycle_ >= (relocates ? relocating_ : kCycles);
  if (report.stuck) {
    damping_ = std::clamp(molten ? damping_ * kDampingFactor : damping_ / kDampingFactor, kDamping, kMostDamping);
  }
  return report;
}

void GaussNewton::save(StateWriter& writer) const {
  current_.save(writer);
  walker_.save(writer);
  lowest_.save(writer);
  writer.put(random_);
  writer.put(damping_);
  writer.put(start_error_);
  writer.put(home_);
  writer.put(left_);
  writer.put(least_left_);
  writer.put(settled_);
  writer.put(settled_left_);
  writer.put(relocating_);
  writer.put(cycle_);
  writer.put(in_vain_);
  writer.put(step_);
  writer.put(static_cast<std::int64_t>(moved_));
  writer.put(static_cast<std::int64_t>(flipped_out_));
}

void GaussNewton::restore(StateReader& reader) {
  current_.restore(reader);
  walker_.restore(reader);
  lowest_.restore(reader);
  reader.get(random_);
  reader.get(damping_);
  reader.get(start_error_);
  reader.get(home_);
  reader.get(left_);
  reader.get(least_left_);
  reader.get(settled_);
  reader.get(settled_left_);
  reader.get(relocating_);
  reader.get(cycle_);
  reader.get(in_vain_);
  reader.get(step_);
  moved_ = reader.get<std::int64_t>() != 0;
  flipped_out_ = reader.get<std::int64_t>() != 0;
}

}  // namespace kintsugi
