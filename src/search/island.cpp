#include "search/island.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.hpp"
#include "search/make_search.hpp"

namespace kintsugi {

namespace {

// Kicks that an order withstands before its error is looked at for noise.
constexpr std::int64_t kNoiseKicks = 8;

}  // namespace

Island::Island(int number, Evaluator& evaluator, LinearModel& model, const SearchOptions& options,
               const ErrorFloor& floor, const std::set<int>& doubtful)
    : number_(number),
      evaluator_(&evaluator),
      model_(&model),
      floor_(&floor),
      search_(make_search(options.search, evaluator, model, options.seed, number, doubtful)) {}

void Island::start(const Candidate& seed, std::size_t tiles) {
  search_->start(seed);
  StepReport report;
  report.event = Event::start;
  log(report);
  check_all_rows();
  if (!solved_) search_->start({seed.blocks, std::numeric_limits<double>::infinity(), tiles});
}

void Island::advance(std::int64_t work) {
  const std::int64_t end = evaluator_->work() + work;
  do {
    if (finished()) return;
    const std::int64_t before = evaluator_->block_evaluations();
    const StepReport report = search_->step();
    ++steps_;
    block_evaluations_ += evaluator_->block_evaluations() - before;
    stuck_ = report.stuck;
    audit();
    log(report);
    check_all_rows();
    check_noise();
  } while (evaluator_->work() < end);
}

void Island::receive(std::span<const Blocks> migrants, const Replacement& rule) {
  if (solved_ || migrants.empty() || !rule.open(*search_)) return;
  const std::int64_t before = evaluator_->block_evaluations();
  const std::vector<double> errors = evaluator_->errors(best().blocks, migrants, best().tiles);
  block_evaluations_ += evaluator_->block_evaluations() - before;
  const auto lowest = static_cast<std::size_t>(std::ranges::min_element(errors) - errors.begin());
  if (!rule.accepts(*search_, errors[lowest])) return;
  search_->adopt(migrants[lowest], errors[lowest]);
  stuck_ = false;
  StepReport report;
  report.event = Event::migrant;
  log(report);
  check_all_rows();
}

void Island::check_all_rows() {
  const RowTiles& rows = evaluator_->rows();
  while (best().mse <= floor_->target(rows.rows_in(best().tiles)) && !solved_) {
    if (final_check().mse <= floor_->target(rows.shape().rows) || best().tiles == rows.tiles()) {
      solved_ = true;
      return;
    }
    // The sample cannot tell this order from the answer: a larger one must.
    Candidate next = best();
    next.tiles = std::min(4 * next.tiles, rows.tiles());
    next.mse = evaluator_->error(next.blocks, next.tiles);
    search_->start(next);
    StepReport report;
    report.event = Event::growth;
    log(report);
  }
}

void Island::check_noise() {
  if (search_->kicks_since_best() < kNoiseKicks || solved_ || floor_->given() || questioned_ == best().blocks) return;
  questioned_ = best().blocks;
  explained_ = test_residuals(*model_, questioned_);
}

const Evaluator::Check& Island::final_check() {
  if (checked_ != best().blocks || checked_.empty()) {
    const ScopedSeconds timing(check_seconds_);
    check_ = evaluator_->check(best().blocks);
    checked_ = best().blocks;
  }
  return check_;
}

void Island::audit() {
  if constexpr (kCheckLevel >= 2) {
    const Candidate& claimed = search_->current();
    if (!std::isfinite(claimed.mse)) return;
    require(evaluator_->recomputed_error(claimed.blocks, claimed.tiles) == claimed.mse,
            "a search's claimed error is the one that its order has");
    double extremes[] = {claimed.mse, -claimed.mse};
    evaluator_->island().max(extremes);
    require(extremes[0] == -extremes[1], "all ranks of an island hold the same error");
  }
}

void Island::log(const StepReport& report) {
  TrajectoryEntry row;
  row.step = steps_;
  row.island = number_;
  row.event = report.event;
  row.rows = static_cast<std::int64_t>(evaluator_->rows().rows_in(search_->current().tiles));
  row.mse = search_->current().mse;
  row.best = best().mse;
  row.moves = report.moves;
  row.evaluations = evaluations();
  rows_.push_back(row);
}

void Island::save(StateWriter& writer) const {
  search_->save(writer);
  writer.put(steps_);
  writer.put(block_evaluations_);
  writer.put(static_cast<std::int64_t>(solved_));
  writer.put(static_cast<std::int64_t>(stuck_));
  writer.put(questioned_);
  writer.put(static_cast<std::int64_t>(explained_.noise));
}

void Island::restore(StateReader& reader) {
  search_->restore(reader);
  reader.get(steps_);
  reader.get(block_evaluations_);
  solved_ = reader.get<std::int64_t>() != 0;
  stuck_ = reader.get<std::int64_t>() != 0;
  reader.get(questioned_);
  explained_.noise = reader.get<std::int64_t>() != 0;
}

std::vector<TrajectoryEntry> Island::take_entries() { return std::exchange(rows_, {}); }

}  // namespace kintsugi
