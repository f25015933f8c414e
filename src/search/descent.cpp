#include "kintsugi/search/descent.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

// Insertions evaluated exactly before an order counts as a local optimum.
constexpr std::size_t kSingles = 24;
// Of the best move's predicted gain: what a further move of the same round must bring.
constexpr double kWorthwhile = 0.1;

std::vector<Insertion> falling_moves(std::span<const double> change, std::size_t blocks, std::size_t reach,
                                     double threshold) {
  std::vector<Insertion> moves;
  const std::size_t band = 2 * reach + 1;
  for (std::size_t from = 0; from < blocks; ++from) {
    for (std::size_t i = 0; i < band; ++i) {
      if (!(change[from * band + i] < threshold)) continue;
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

}  // namespace

Descent::Descent(Evaluator& evaluator, FirstOrderModel& model, std::size_t reach)
    : evaluator_(&evaluator), model_(&model), reach_(reach) {}

void Descent::start(const Candidate& from) {
  current_ = from;
  radius_ = static_cast<double>(from.blocks.size());
}

std::vector<Insertion> Descent::choose_moves(std::size_t reach, double room) {
  const std::size_t blocks = current_.blocks.size();
  const std::vector<Insertion> falling = falling_moves(model_->screen(reach), blocks, reach, 0.0);
  std::vector<Insertion> chosen;
  std::vector<char> taken(blocks, 0);
  for (const Insertion& move : falling) {
    if (!chosen.empty() && move.change > kWorthwhile * chosen.front().change) break;
    const double distance = std::abs(move.to - move.from);
    if (distance > room) continue;
    const auto [low, high] = std::minmax(move.from, move.to);
    if (std::any_of(taken.begin() + low, taken.begin() + high + 1, [](char t) { return t != 0; })) continue;
    std::fill(taken.begin() + low, taken.begin() + high + 1, 1);
    room -= distance;
    chosen.push_back(move);
  }
  return chosen;
}

void Descent::walk(std::size_t reach) {
  path_.clear();
  Stop stop{0, 0, model_->base_error(), current_.blocks};
  while (stop.displacement < radius_) {
    const std::vector<Insertion> moves = choose_moves(reach, radius_ - stop.displacement);
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

bool Descent::accept_full_path(StepReport& report) {
  const Stop& end = path_.back();
  const double mse = evaluator_->error(end.blocks, current_.tiles);
  const double ratio = (current_.mse - mse) / (current_.mse - end.predicted);
  if (!(ratio > 0.3)) return false;
  if (ratio > 0.6) radius_ = std::max(radius_, 2 * end.displacement);
  take(end, mse, report);
  return true;
}

bool Descent::accept_prefix(StepReport& report) {
  // Geometrically spaced stops, nearest first.
  std::vector<std::size_t> stops;
  for (std::size_t i = path_.size(); i > 0; i = i * 2 / 3) stops.push_back(i - 1);
  std::reverse(stops.begin(), stops.end());
  std::vector<Blocks> orders;
  for (const std::size_t i : stops) orders.push_back(path_[i].blocks);
  const std::vector<double> errors = evaluator_->errors(current_.blocks, orders, current_.tiles);
  const auto best = static_cast<std::size_t>(std::min_element(errors.begin(), errors.end()) - errors.begin());
  if (!(errors[best] < current_.mse)) return false;
  radius_ = std::max(1.0, path_[stops[best]].displacement * (best + 1 < stops.size() ? 1.0 : 2.0));
  take(path_[stops[best]], errors[best], report);
  return true;
}

bool Descent::accept_single(std::size_t reach, StepReport& report) {
  model_->rewind();
  std::vector<Insertion> moves = falling_moves(model_->screen(reach), current_.blocks.size(), reach, HUGE_VAL);
  std::erase_if(moves, [](const Insertion& move) { return move.from == move.to; });
  moves.resize(std::min(moves.size(), kSingles));
  std::vector<Blocks> orders;
  for (const Insertion& move : moves) {
    orders.push_back(current_.blocks);
    insert_in(orders.back(), move.from, move.to);
  }
  const std::vector<double> errors = evaluator_->errors(current_.blocks, orders, current_.tiles);
  const auto best = static_cast<std::size_t>(std::min_element(errors.begin(), errors.end()) - errors.begin());
  if (errors.empty() || !(errors[best] < current_.mse)) return false;
  radius_ = std::max(1.0, std::abs(static_cast<double>(moves[best].to - moves[best].from)));
  take({1, radius_, moves[best].change, orders[best]}, errors[best], report);
  return true;
}

StepReport Descent::step() {
  StepReport report;
  report.event = reach_ == 1 ? 'B' : 'I';
  const std::size_t blocks = current_.blocks.size();
  const std::size_t reach = std::max<std::size_t>(1, std::min(reach_ == 0 ? blocks : reach_, blocks - 1));
  if (blocks < 2 || !model_->linearise(current_.blocks, current_.tiles)) {
    report.stuck = true;
    return report;
  }
  walk(reach);
  if (!path_.empty() && (accept_full_path(report) || accept_prefix(report))) return report;
  report.stuck = !accept_single(reach, report);
  return report;
}

}  // namespace kintsugi
