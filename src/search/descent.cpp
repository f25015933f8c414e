#include "search/descent.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

// Blocks probed exactly after a path failed.
constexpr std::size_t kProbes = 16;
// On this share of the sample, but not on fewer tiles than this.
constexpr std::size_t kProbeShare = 2;
constexpr std::size_t kLeastProbeTiles = 4;
// Of the best move's predicted gain: what a further move of the same round must bring.
constexpr double kWorthwhile = 0.1;
// Actual by predicted gain: from where on a path is taken, the radius may grow, and a block is believed.
constexpr double kTake = 0.3;
constexpr double kGrow = 0.6;
constexpr double kBelieve = 0.2;
// Steps after which a block that the model was wrong about gets another chance.
constexpr std::int64_t kDistrustSteps = 4;
// Careful steps take effects between blocks this near from differences, and careful it stays for some steps.
constexpr std::size_t kNear = 3;
constexpr int kCarefulSteps = 3;

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

Descent::Descent(Evaluator& evaluator, LinearModel& model, std::size_t reach)
    : evaluator_(&evaluator), model_(&model), reach_(reach) {}

void Descent::start(const Candidate& from) {
  current_ = from;
  radius_ = static_cast<double>(from.blocks.size());
  distrusted_.clear();
  careful_ = false;
  if (reach_ == 0 || reach_ >= from.blocks.size()) reach_ = std::max<std::size_t>(from.blocks.size(), 2) - 1;
}

bool Descent::trusts(int position) const {
  const auto entry = distrusted_.find(model_->blocks()[static_cast<std::size_t>(position)].expand);
  return entry == distrusted_.end() || entry->second < steps_;
}

std::vector<Insertion> Descent::choose_moves(double room) {
  std::vector<Insertion> chosen;
  DisjointRanges ranges(current_.blocks.size());
  for (const Insertion& move : falling_moves(model_->screen(reach_), current_.blocks.size(), reach_)) {
    if (!chosen.empty() && move.change > kWorthwhile * chosen.front().change) break;
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
    if (stop.predicted < 1e-3 * model_->base_error()) return;
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
  if (!(ratio > kTake)) return false;
  if (ratio > kGrow) radius_ = std::max(radius_, 2 * end.displacement);
  take(end, mse, report);
  return true;
}

void Descent::judge(const Insertion& probe, double change) {
  const int block = current_.blocks[static_cast<std::size_t>(probe.from)].expand;
  if (change < kBelieve * probe.change) {
    distrusted_.erase(block);
  } else {
    distrusted_[block] = steps_ + kDistrustSteps;
  }
}

Descent::Stop Descent::combine(std::span<const Insertion> moves) const {
  Stop stop{0, 0, 0, current_.blocks};
  DisjointRanges ranges(current_.blocks.size());
  for (const Insertion& move : moves) {
    if (!ranges.add(move)) continue;
    insert_in(stop.blocks, move.from, move.to);
    stop.displacement += std::abs(move.to - move.from);
    ++stop.moves;
  }
  return stop;
}

std::vector<Insertion> Descent::probe() {
  // The best move of each block, on a part of the sample: whether a move helps at all is seen there.
  model_->rewind();
  std::vector<Insertion> probes;
  std::vector<char> probed(current_.blocks.size(), 0);
  for (const Insertion& move : falling_moves(model_->screen(reach_), current_.blocks.size(), reach_)) {
    if (probes.size() == kProbes) break;
    if (probed[static_cast<std::size_t>(move.from)]++ == 0) probes.push_back(move);
  }
  if (probes.empty()) return {};
  std::vector<Blocks> orders{current_.blocks};
  for (const Insertion& move : probes) orders.push_back(combine(std::span(&move, 1)).blocks);
  const std::size_t tiles = std::max(std::min(current_.tiles, kLeastProbeTiles), current_.tiles / kProbeShare);
  const std::vector<double> errors = evaluator_->errors(current_.blocks, orders, tiles);

  std::vector<Insertion> held;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const double change = errors[i + 1] - errors[0];
    judge(probes[i], change);
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
  const std::vector<double> errors = evaluator_->errors(current_.blocks, orders, current_.tiles);
  const auto best = static_cast<std::size_t>(std::ranges::min_element(errors) - errors.begin());
  if (!(errors[best] < current_.mse)) return false;
  radius_ = std::max(2.0, stops[best].displacement);
  take(stops[best], errors[best], report);
  return true;
}

StepReport Descent::step() {
  StepReport report;
  report.event = reach_ == 1 ? Event::bubble : Event::insertion;
  const std::size_t blocks = current_.blocks.size();
  if (blocks < 2 || !model_->linearise(current_.blocks, current_.tiles, careful_ ? kNear : 0)) {
    report.stuck = true;
    return report;
  }
  ++steps_;
  current_.mse = model_->base_error();
  walk();
  if (accept_path(report) || accept_probes(report)) {
    if (careful_ && ++successes_ == kCarefulSteps) careful_ = false;
  } else if (!careful_) {
    // The kinks that Jacobians do not see matter most between neighbours: look at those more closely.
    careful_ = true;
    successes_ = 0;
    distrusted_.clear();
    radius_ = static_cast<double>(blocks);
  } else {
    report.stuck = true;
  }
  return report;
}

void Descent::save(StateWriter& writer) const {
  current_.save(writer);
  writer.put(static_cast<std::int64_t>(reach_));
  writer.put(radius_);
  writer.put(steps_);
  writer.put(static_cast<std::int64_t>(careful_));
  writer.put(successes_);
  writer.put(distrusted_);
}

void Descent::restore(StateReader& reader) {
  current_.restore(reader);
  reach_ = static_cast<std::size_t>(reader.get<std::int64_t>());
  reader.get(radius_);
  reader.get(steps_);
  careful_ = reader.get<std::int64_t>() != 0;
  reader.get(successes_);
  reader.get(distrusted_);
}

}  // namespace kintsugi
