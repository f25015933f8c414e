#include "search/local/descent.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

std::vector<Insertion> falling_moves(std::span<const double> change, std::size_t blocks, std::size_t reach) {
  std::vector<Insertion> moves;
  const std::size_t band = 2 * reach + 1;
  for (std::size_t from = 0; from < blocks; ++from) {
    for (std::size_t i = 0; i < band; ++i) {
      if (!(change[from * band + i] < 0)) continue;
      // Neighbours' exchange appears twice, as either block's insertion; one is enough.
      if (i + 1 == reach) continue;
      moves.push_back({static_cast<int>(from), static_cast<int>(from + i - reach), change[from * band + i]});
    }
  }
  std::sort(moves.begin(), moves.end(), [](const Insertion& a, const Insertion& b) {
    if (a.change != b.change) return a.change < b.change;
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  return moves;
}

// Takes from `moves`, in order, those whose position ranges are apart.
class DisjointRanges {
 public:
  explicit DisjointRanges(std::size_t blocks) : taken_(blocks, 0) {}
  bool add(const Insertion& move) {
    const auto [low, high] = std::minmax(move.from, move.to);
    if (std::any_of(taken_.begin() + low, taken_.begin() + high + 1, [](char t) { return t != 0; })) return false;
    std::fill(taken_.begin() + low, taken_.begin() + high + 1, 1);
    return true;
  }

 private:
  std::vector<char> taken_;
};

}  // namespace

Descent::Descent(Evaluator& evaluator, LinearModel& model, std::size_t reach, const DescentParameters& parameters)
    : evaluator_(&evaluator), model_(&model), parameters_(parameters), reach_(reach) {}

void Descent::begin(const ScoredOrder& from) {
  current_ = from;
  radius_ = static_cast<double>(from.blocks.size());
  excluded_until_.clear();
  refined_ = false;
  if (reach_ == 0 || reach_ >= from.blocks.size()) reach_ = std::max<std::size_t>(from.blocks.size(), 2) - 1;
}

bool Descent::trusts(int position) const {
  const auto entry = excluded_until_.find(model_->blocks()[static_cast<std::size_t>(position)].expand);
  return entry == excluded_until_.end() || entry->second < steps_;
}

std::vector<Insertion> Descent::choose_moves(double room) {
  std::vector<Insertion> chosen;
  DisjointRanges ranges(current_.blocks.size());
  for (const Insertion& move : falling_moves(model_->screen(reach_), current_.blocks.size(), reach_)) {
    if (!chosen.empty() && move.change > parameters_.worthwhile * chosen.front().change) break;
    const double distance = std::abs(move.to - move.from);
    if (distance > room || !trusts(move.from) || !ranges.add(move)) continue;
    room -= distance;
    chosen.push_back(move);
  }
  return chosen;
}

void Descent::walk() {
  path_.clear();
  Stop stop{0, 0, model_->base_error(), current_.blocks};
  while (stop.displacement < radius_) {
    const std::vector<Insertion> moves = choose_moves(radius_ - stop.displacement);
    if (moves.empty()) return;
    const double before = model_->predicted_error();
    model_->apply(moves);
    stop.moves += static_cast<std::int64_t>(moves.size());
    for (const Insertion& move : moves) stop.displacement += std::abs(move.to - move.from);
    stop.predicted = model_->predicted_error();
    // Moves of one round are judged one by one; together they may undo each other.
    if (!(stop.predicted < before)) return;
    stop.blocks = model_->blocks();
    path_.push_back(stop);
    if (stop.predicted < parameters_.solved * model_->base_error()) return;
  }
}

void Descent::take(const Stop& stop, double mse, StepReport& report) {
  current_.blocks = stop.blocks;
  current_.mse = mse;
  report.moves += stop.moves;
  report.improved = true;
}

bool Descent::accept_path(StepReport& report) {
  if (path_.empty()) return false;
  const Stop& end = path_.back();
  const double mse = evaluator_->error(end.blocks, current_.tiles);
  const double ratio = (current_.mse - mse) / (current_.mse - end.predicted);
  if (!(ratio > parameters_.take)) return false;
  if (ratio > parameters_.grow) radius_ = std::max(radius_, parameters_.radius_growth * end.displacement);
  take(end, mse, report);
  return true;
}

void Descent::update_trust(const Insertion& probe, double change) {
  const int block = current_.blocks[static_cast<std::size_t>(probe.from)].expand;
  if (change < parameters_.believe * probe.change) {
    excluded_until_.erase(block);
  } else {
    excluded_until_[block] = steps_ + parameters_.distrust_steps;
  }
}

// Those whose ranges are apart, in order; where these are few, all at once: a block that moves then stands beside the
// one whose place it was to take, whatever others do.
Descent::Stop Descent::combine(std::span<const Insertion> moves) const {
  Stop apart{0, 0, 0, current_.blocks};
  Stop all{static_cast<std::int64_t>(moves.size()), 0, 0, {}};
  DisjointRanges ranges(current_.blocks.size());
  std::vector<double> places(current_.blocks.size());
  std::iota(places.begin(), places.end(), 0.0);
  for (const Insertion& move : moves) {
    const double distance = std::abs(move.to - move.from);
    places[static_cast<std::size_t>(move.from)] = move.to + (move.to > move.from ? 0.5 : -0.5);
    all.displacement += distance;
    if (!ranges.add(move)) continue;
    insert_in(apart.blocks, move.from, move.to);
    apart.displacement += distance;
    ++apart.moves;
  }
  if (static_cast<double>(apart.moves) >= parameters_.apart * static_cast<double>(all.moves)) return apart;
  all.blocks = sorted_by(current_.blocks, [&](std::size_t p) { return places[p]; });
  return all;
}

std::vector<Insertion> Descent::probe() {
  // The best move of each block, on a part of the sample: whether a move helps at all is seen there.
  model_->rewind();
  std::vector<Insertion> probes;
  std::vector<char> probed(current_.blocks.size(), 0);
  for (const Insertion& move : falling_moves(model_->screen(reach_), current_.blocks.size(), reach_)) {
    if (probes.size() == parameters_.probes) break;
    if (probed[static_cast<std::size_t>(move.from)]++ == 0) probes.push_back(move);
  }
  if (probes.empty()) return {};
  std::vector<Blocks> orders{current_.blocks};
  for (const Insertion& move : probes) orders.push_back(combine(std::span(&move, 1)).blocks);
  const std::size_t tiles =
      std::max(std::min(current_.tiles, parameters_.min_probe_tiles), current_.tiles / parameters_.probe_divisor);
  const std::vector<double> errors = evaluator_->errors(current_.blocks, orders, tiles);

  std::vector<Insertion> held;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const double change = errors[i + 1] - errors[0];
    update_trust(probes[i], change);
    if (change < 0) held.push_back({probes[i].from, probes[i].to, change});
  }
  std::ranges::stable_sort(held, {}, &Insertion::change);
  return held;
}

bool Descent::accept_probes(StepReport& report) {
  const std::vector<Insertion> held = probe();
  // What held is tried together, all of it, the better half and so on; and the path's first half, quarter and so on.
  std::vector<Stop> stops;
  for (std::size_t count = held.size(); count > 0; count /= 2) stops.push_back(combine(std::span(held).first(count)));
  for (std::size_t i = path_.size() / 2; i > 0; i /= 2) stops.push_back(path_[i - 1]);
  if (stops.empty()) return false;
  std::vector<Blocks> orders;
  for (const Stop& stop : stops) orders.push_back(stop.blocks);
  const auto [best, error] = evaluator_->best_of(current_.blocks, orders, current_.tiles);
  if (!(error < current_.mse)) return false;
  radius_ = std::max(parameters_.min_radius, stops[best].displacement);
  take(stops[best], error, report);
  return true;
}

StepReport Descent::step() {
  StepReport report;
  report.event = reach_ == 1 ? Event::bubble : Event::insertion;
  const std::size_t blocks = current_.blocks.size();
  if (blocks < 2 || !model_->linearise(current_.blocks, current_.tiles, refined_ ? parameters_.near : 0)) {
    report.stuck = true;
    return report;
  }
  ++steps_;
  current_.mse = model_->base_error();
  walk();
  if (accept_path(report) || accept_probes(report)) {
    if (refined_ && ++successes_ == parameters_.careful_steps) refined_ = false;
  } else if (!refined_) {
    // The kinks that Jacobians do not see matter most between neighbours: look at those more closely.
    refined_ = true;
    successes_ = 0;
    excluded_until_.clear();
    radius_ = static_cast<double>(blocks);
  } else {
    report.stuck = true;
  }
  return report;
}

void Descent::state(StateArchive& archive) {
  archive(current_, reach_, radius_, steps_, refined_, successes_, excluded_until_);
  const std::size_t blocks = current_.blocks.size();
  archive.require(blocks == 0 || (reach_ > 0 && reach_ < std::max<std::size_t>(blocks, 2)));
}

}  // namespace kintsugi
