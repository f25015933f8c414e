#include "search/rounds/depth_steps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

// By so much of the way the shifts are made.
constexpr double kLengths[] = {1, 0.5, 0.25};

}  // namespace

DepthSteps::DepthSteps(Evaluator& evaluator, const SearchClues& clues, const Parameters& parameters)
    : evaluator_(&evaluator),
      position_step_(evaluator, parameters.position_step),
      clues_(clues),
      parameters_(parameters.depth_steps) {}

RoundPolicy DepthSteps::policy() const {
  // A line that is right to a place or so is finished by a descent.
  if (clues_.line_places < parameters_.exact_places) return {};
  return {.work_share = parameters_.work_share};
}

void DepthSteps::begin(const ScoredOrder& from) {
  const std::size_t rows = parameters_.rows_per_block * from.blocks.size();
  current_ = from;
  iterate_ = {from.blocks, from.mse, std::max(from.tiles, evaluator_->rows().tiles_for(rows))};
  orient_line(from.blocks);
  const double blocks = static_cast<double>(from.blocks.size());
  if (deviation_ == 0) deviation_ = std::min(clues_.line_places, parameters_.first_deviation * blocks);
  deviation_ = std::max(deviation_, parameters_.least_deviation);
  step_ = idle_ = 0;
}

void DepthSteps::orient_line(const Blocks& order) {
  // The line, in the direction, that has the fewest pairs the other way round.
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (Blocks line : clues_.lines) {
    for (int direction = 0; direction < 2; ++direction) {
      const std::size_t inversions = distance(line, order).inversions;
      if (inversions < fewest) {
        fewest = inversions;
        line_ = line;
      }
      std::ranges::reverse(line);
    }
  }
}

double DepthSteps::bandwidth() const {
  const auto blocks = static_cast<double>(iterate_.blocks.size());
  const double widest = std::max(parameters_.narrowest, parameters_.widest * blocks);
  const double done =
      static_cast<double>(step_) / static_cast<double>(std::max<std::int64_t>(1, parameters_.steps - 1));
  return widest * std::pow(parameters_.narrowest / widest, done);
}

PositionStep::Prior DepthSteps::prior() const {
  PositionStep::Prior prior;
  const std::vector<std::size_t> expected = positions_in(iterate_.blocks, line_);
  for (std::size_t p = 0; p < expected.size(); ++p) {
    prior.shifts.push_back(static_cast<double>(expected[p]) - static_cast<double>(p));
    prior.deviations.push_back(deviation_);
  }
  return prior;
}

void DepthSteps::learn_deviation(const PositionStep::Posterior& posterior, const PositionStep::Prior& prior) {
  double sum = 0;
  for (std::size_t p = 0; p < prior.shifts.size(); ++p) {
    const double off = posterior.step.shifts[p] - prior.shifts[p];
    sum += off * off + posterior.deviations[p] * posterior.deviations[p];
  }
  deviation_ = std::max(parameters_.least_deviation, std::sqrt(sum / static_cast<double>(prior.shifts.size())));
}

StepReport DepthSteps::step() {
  StepReport report{.event = Event::depth, .moves = 1};
  const PositionStep::Prior weights_say = prior();
  const PositionStep::Posterior found =
      position_step_.solve(iterate_.blocks, iterate_.tiles, bandwidth(), parameters_.damping, weights_say);
  const auto usable = [](double shift) { return std::isfinite(shift); };
  if (found.step.shifts.empty() || !std::ranges::all_of(found.step.shifts, usable)) {
    report.stuck = true;
    return report;
  }
  learn_deviation(found, weights_say);
  const bool moved = move(found.step.shifts, found.step.mse);
  ++step_;
  idle_ = moved ? 0 : idle_ + 1;
  report.stuck = step_ >= parameters_.steps || idle_ >= parameters_.idle_steps;
  if (report.stuck) settled_ = iterate_.blocks;
  return report;
}

bool DepthSteps::move(const std::vector<double>& shifts, double error) {
  // The whole way where it lowers the error, else as much of it as raises it least.
  ScoredOrder best{{}, std::numeric_limits<double>::infinity(), iterate_.tiles};
  for (const double length : kLengths) {
    Blocks order =
        sorted_by(iterate_.blocks, [&](std::size_t p) { return static_cast<double>(p) + length * shifts[p]; });
    const double reached = evaluator_->errors(iterate_.blocks, std::span(&order, 1), iterate_.tiles).front();
    if (reached < best.mse || best.blocks.empty()) best = {std::move(order), reached, iterate_.tiles};
    if (best.mse < error) break;
  }
  const bool moved = best.blocks != iterate_.blocks;
  iterate_ = std::move(best);
  current_.blocks = iterate_.blocks;
  current_.mse = current_.tiles == iterate_.tiles ? iterate_.mse : evaluator_->error(iterate_.blocks, current_.tiles);
  return moved;
}

void DepthSteps::state(StateArchive& archive) {
  archive(iterate_, current_, settled_, line_, deviation_, step_, idle_);
}

}  // namespace kintsugi
