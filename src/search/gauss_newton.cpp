#include "kintsugi/search/gauss_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace kintsugi {

namespace {

// Rows for each block whose place is looked for: fewer are overfitted.
constexpr std::size_t kRowsPerBlock = 40;
// The widest bandwidth is this share of the blocks, each further one half of it, none narrower than this.
constexpr double kWidest = 1.0 / 6;
constexpr double kNarrowest = 1.5;
constexpr std::int64_t kCycles = 10;
// Gauss-Newton steps after relocations, at least.
constexpr std::int64_t kSettlingSteps = 6;
// A round has melted where even a cycle's lowest error is so many times the one that it was given; damping then rises.
constexpr double kMolten = 4;
constexpr double kDamping = 0.1;
constexpr double kMostDamping = 10;
constexpr double kDampingFactor = 3;
// Plain rounds are at their end where a round begins at more than this share of the last one's error.
constexpr double kFrozen = 0.5;
// Relocating rounds go on from the last one's order, unless they are given one with so many times less error or with
// other pairs.
constexpr double kFarBehind = 4;
// Relocations that are looked at before a cycle, on so many rows for each block.
constexpr int kTried = 256;
constexpr std::size_t kTriedRowsPerBlock = 6;
// The places' bandwidth in which the other blocks make up for one.
constexpr double kAdjustingWidth = 3;
// The best one is made, and up to so many, halved with each level, that leave at most so many times what the present
// order leaves.
constexpr std::int64_t kMostMoved = 4;
constexpr double kAdmissible = 1.05;
// A cycle stands if what it leaves is at most so much more, as a share, than the least left so far; the share falls to
// none over a round. The first round with relocations has so many cycles, each further one twice as many.
constexpr double kAcceptWorse = 1;
constexpr std::int64_t kFirstRelocating = 10;
constexpr std::int64_t kLongestRelocating = 8 * kFirstRelocating;
// After so many cycles that stand in a row, relocations reach farther again.
constexpr std::int64_t kWidenAfter = 4;
constexpr double kUnknown = std::numeric_limits<double>::infinity();

// From wide to narrow.
std::vector<double> bandwidths(std::size_t blocks) {
  std::vector<double> all{std::max(kNarrowest, kWidest * static_cast<double>(blocks))};
  while (all.back() >= 2 * kNarrowest) all.push_back(all.back() / 2);
  return all;
}

std::size_t position_of(int expand, const Blocks& order) {
  return static_cast<std::size_t>(std::ranges::find(order, expand, &Block::expand) - order.begin());
}

}  // namespace

void GaussNewton::start(const Candidate& from) {
  const RowTiles& rows = evaluator_->rows();
  current_ = from;
  const std::size_t tiles = std::max(from.tiles, rows.tiles_for(kRowsPerBlock * from.blocks.size()));
  // Descents lower the error at once, but lead away from what relocations have come to.
  const bool goes_on = level_ > 0 && walker_.tiles == tiles && walker_.mse < kFarBehind * from.mse &&
                       std::ranges::is_permutation(walker_.blocks, from.blocks);
  if (!goes_on) {
    walker_ = {from.blocks, from.mse, tiles};
    least_left_ = kUnknown;
  }
  const bool frozen = start_error_ > 0 && from.mse > kFrozen * start_error_;
  if (level_ == 0 && frozen && bandwidths(from.blocks.size()).size() > 1) level_ = 1;
  if (level_ > 0) relocating_ = relocating_ == 0 ? kFirstRelocating : std::min(2 * relocating_, kLongestRelocating);
  if (damping_ == 0) damping_ = kDamping;
  start_error_ = from.mse;
  cycle_ = 0;
  accepted_ = 0;
  begin_cycle();
}

void GaussNewton::begin_cycle() {
  before_ = walker_;
  lowest_.mse = lowest_left_ = kUnknown;
  relocated_ = false;
  moved_ = false;
  step_ = 0;
}

void GaussNewton::propose(std::vector<Insertion>& moves, double least) {
  const Blocks& order = walker_.blocks;
  const auto blocks = static_cast<std::uint64_t>(order.size());
  for (int i = 0; i < kTried; ++i) {
    const std::size_t from = random_.below(blocks);
    std::size_t to = random_.below(blocks);
    if (!elites_.empty() && random_.below(2) == 0) {
      to = position_of(order[from].expand, elites_[random_.below(elites_.size())]);
    }
    const double distance = std::abs(static_cast<double>(to) - static_cast<double>(from));
    if (distance >= least) moves.push_back({static_cast<int>(from), static_cast<int>(to)});
  }
}

std::int64_t GaussNewton::relocate() {
  const Blocks base = walker_.blocks;
  std::vector<Insertion> moves{{}};
  propose(moves, std::max(2.0, bandwidths(base.size())[static_cast<std::size_t>(level_)]));
  std::vector<Blocks> orders(moves.size(), base);
  for (std::size_t i = 1; i < moves.size(); ++i) insert_in(orders[i], moves[i].from, moves[i].to);
  const std::size_t tiles = std::min(walker_.tiles, evaluator_->rows().tiles_for(kTriedRowsPerBlock * base.size()));
  const std::vector<double> errors = model_->adjusted_errors(orders, tiles, kAdjustingWidth, damping_);

  std::vector<std::size_t> rank(moves.size() - 1);
  std::iota(rank.begin(), rank.end(), std::size_t{1});
  std::ranges::stable_sort(rank, {}, [&](std::size_t i) { return errors[i]; });
  std::set<int> moved;
  for (const std::size_t i : rank) {
    if (static_cast<std::int64_t>(moved.size()) == std::max<std::int64_t>(1, kMostMoved >> (level_ - 1))) break;
    if (!moved.empty() && !(errors[i] < kAdmissible * errors.front())) break;
    const int expand = base[static_cast<std::size_t>(moves[i].from)].expand;
    if (moved.insert(expand).second) {
      insert_in(walker_.blocks, static_cast<int>(position_of(expand, walker_.blocks)), moves[i].to);
    }
  }
  return static_cast<std::int64_t>(moved.size());
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
  Candidate result = lowest_;
  if (level_ > 0) {
    const double share = kAcceptWorse * (1 - static_cast<double>(cycle_) / static_cast<double>(relocating_));
    if (lowest_left_ <= (1 + share) * least_left_) {
      walker_ = lowest_;
      least_left_ = std::min(least_left_, lowest_left_);
      if (++accepted_ % kWidenAfter == 0) level_ = std::max<std::int64_t>(1, level_ - 1);
    } else {
      result = walker_ = before_;
      accepted_ = 0;
      level_ = std::min(level_ + 1, static_cast<std::int64_t>(bandwidths(walker_.blocks.size()).size()) - 1);
    }
  }
  current_.blocks = result.blocks;
  current_.mse = current_.tiles == result.tiles ? result.mse : evaluator_->error(result.blocks, current_.tiles);
  ++cycle_;
  begin_cycle();
}

StepReport GaussNewton::step() {
  StepReport report;
  if (level_ > 0 && !relocated_) {
    relocated_ = true;
    report.event = 'R';
    report.moves = relocate();
    return report;
  }
  const std::vector<double> widths = bandwidths(walker_.blocks.size());
  const std::int64_t sweep = static_cast<std::int64_t>(widths.size()) - level_;
  const double width = widths[static_cast<std::size_t>(level_ + step_ % sweep)];
  const FirstOrderModel::PlaceStep found = model_->place_step(walker_.blocks, walker_.tiles, width, damping_);
  walker_.mse = found.mse;
  if (level_ > 0 ? found.left < lowest_left_ : walker_.mse < lowest_.mse) {
    lowest_ = walker_;
    lowest_left_ = found.left;
  }
  report.event = 'L';
  report.moves = 1;
  bool molten = !move(found.places, width);
  bool settled = false;
  if (++step_ % sweep == 0 && (level_ == 0 || step_ >= kSettlingSteps)) {
    molten = molten || (level_ == 0 && lowest_.mse > kMolten * start_error_);
    settled = level_ == 0 && !moved_;
    if (!molten) end_cycle();
  }
  report.stuck = molten || settled || cycle_ >= (level_ > 0 ? relocating_ : kCycles);
  if (report.stuck) {
    damping_ = std::clamp(molten ? damping_ * kDampingFactor : damping_ / kDampingFactor, kDamping, kMostDamping);
  }
  return report;
}

void GaussNewton::save(StateWriter& writer) const {
  current_.save(writer);
  walker_.save(writer);
  before_.save(writer);
  lowest_.save(writer);
  writer.put(random_);
  writer.put(damping_);
  writer.put(start_error_);
  writer.put(lowest_left_);
  writer.put(least_left_);
  writer.put(relocating_);
  writer.put(level_);
  writer.put(cycle_);
  writer.put(step_);
  writer.put(accepted_);
  writer.put(static_cast<std::int64_t>(relocated_));
  writer.put(static_cast<std::int64_t>(moved_));
}

void GaussNewton::restore(StateReader& reader) {
  current_.restore(reader);
  walker_.restore(reader);
  before_.restore(reader);
  lowest_.restore(reader);
  reader.get(random_);
  reader.get(damping_);
  reader.get(start_error_);
  reader.get(lowest_left_);
  reader.get(least_left_);
  reader.get(relocating_);
  reader.get(level_);
  if (level_ < 0 || level_ >= static_cast<std::int64_t>(bandwidths(walker_.blocks.size()).size())) {
    throw InputError("the state of a search is out of range");
  }
  reader.get(cycle_);
  reader.get(step_);
  reader.get(accepted_);
  relocated_ = reader.get<std::int64_t>() != 0;
  moved_ = reader.get<std::int64_t>() != 0;
}

}  // namespace kintsugi
