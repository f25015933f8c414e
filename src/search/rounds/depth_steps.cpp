#include "search/rounds/depth_steps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "search/on_sample.hpp"
#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

// By so much of the way the shifts are made.
constexpr double kLengths[] = {1, 0.5, 0.25};

}  // namespace

DepthSteps::DepthSteps(Evaluator& evaluator, DepthPrior& prior, const Parameters& parameters)
    : evaluator_(&evaluator),
      prior_(&prior),
      position_step_(evaluator, parameters.position_step),
      parameters_(parameters.depth_steps) {}

void DepthSteps::begin(const ScoredOrder& from) {
  current_ = from;
  iterate_ = on_enough_rows(*evaluator_, from, parameters_.rows_per_block * from.blocks.size());
  temperature_ = (rounds_ <= 1 ? parameters_.heat : parameters_.reheat) * iterate_.mse;
  prior_->begin(from.blocks);
  step_ = idle_ = 0;
}

// Falls by equal factors from the first step to the last.
double DepthSteps::bandwidth() const {
  const auto blocks = static_cast<double>(iterate_.blocks.size());
  const double widest = std::max(parameters_.narrowest, parameters_.widest * blocks);
  const double done = static_cast<double>(step_) / static_cast<double>(std::max<std::int64_t>(1, most_steps() - 1));
  return widest * std::pow(parameters_.narrowest / widest, done);
}

std::int64_t DepthSteps::most_steps() const { return is_hot() ? parameters_.hot_steps : parameters_.steps; }

double DepthSteps::energy(const Blocks& order, double error) const {
  if (!is_hot()) return error;
  return evaluator_->entries(iterate_.tiles) * error / (2 * temperature_) + prior_->energy(order);
}

StepReport DepthSteps::step() {
  StepReport report{.event = Event::depth};
  prior_->set_order(iterate_.blocks, is_hot() ? DepthPrior::Knows::line_and_homes : DepthPrior::Knows::line);
  const PositionStep::Equations equations = position_step_.equations(iterate_.blocks, iterate_.tiles, bandwidth());
  PositionStep::Posterior found = posterior(equations);
  for (std::int64_t turn = 0; is_hot() && turn < parameters_.refinements && !found.step.shifts.empty(); ++turn) {
    prior_->refine(found);
    found = posterior(equations);
  }
  const auto usable = [](double shift) { return std::isfinite(shift); };
  if (found.step.shifts.empty() || !std::ranges::all_of(found.step.shifts, usable)) {
    report.stuck = true;
    return report;
  }
  const bool moved = move(found.step.shifts, found.step.mse);
  report.moves = moved ? 1 : 0;
  idle_ = moved ? 0 : idle_ + 1;
  prior_->learn(found);
  ++step_;
  report.stuck = step_ >= most_steps() || (!is_hot() && idle_ >= parameters_.idle_steps);
  if (report.stuck) ++rounds_;
  return report;
}

PositionStep::Posterior DepthSteps::posterior(const PositionStep::Equations& equations) const {
  return position_step_.posterior(equations, parameters_.damping, prior_->shifts(), is_hot() ? temperature_ : 0);
}

bool DepthSteps::move(const std::vector<double>& shifts, double error) {
  const double present = energy(iterate_.blocks, error);
  ScoredOrder best{{}, std::numeric_limits<double>::infinity(), iterate_.tiles};
  double least = std::numeric_limits<double>::infinity();
  for (const double length : kLengths) {
    Blocks order =
        sorted_by(iterate_.blocks, [&](std::size_t p) { return static_cast<double>(p) + length * shifts[p]; });
    const double reached = evaluator_->errors(iterate_.blocks, std::span(&order, 1), iterate_.tiles).front();
    const double energy_there = energy(order, reached);
    if (energy_there < least || best.blocks.empty()) {
      best = {std::move(order), reached, iterate_.tiles};
      least = energy_there;
    }
    if (least < present) break;
  }
  const bool moved = best.blocks != iterate_.blocks;
  iterate_ = std::move(best);
  current_ = on_sample(*evaluator_, iterate_, current_.tiles);
  return moved;
}

void DepthSteps::state(StateArchive& archive) {
  archive(iterate_, current_, temperature_, rounds_, step_, idle_);
  const bool begun = !current_.blocks.empty();
  archive.require(begun == !iterate_.blocks.empty() && begun == prior_->begun() && (begun || rounds_ == 0));
  archive.require(rounds_ >= 0 && idle_ >= 0 && step_ >= 0 &&
                  step_ <= std::max(parameters_.hot_steps, parameters_.steps));
}

}  // namespace kintsugi
