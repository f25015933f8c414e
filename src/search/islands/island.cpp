#include "search/islands/island.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.hpp"

namespace kintsugi {

Island::Island(const std::string& search, const SearchContext& context, const ErrorFloor& floor)
    : number_(context.island),
      evaluator_(&context.evaluator),
      floor_(&floor),
      search_(make_search(search, context)),
      parameters_(context.parameters.island),
      noise_(context.model, floor, context.parameters.residual_test, context.clues.untrusted, context.memory) {}

void Island::begin(const ScoredOrder& start, std::size_t tiles) {
  search_->begin(start);
  log(Event::start);
  check_all_rows();
  if (!solved_) search_->begin({start.blocks, std::numeric_limits<double>::infinity(), tiles});
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
    log(report.event, report.moves);
    check_all_rows();
    // The test is work, too, and islands that take turns by work have it later.
    const bool early = work == 0 || grown_;
    if (!solved_ && search_->idle_perturbations() >= (early ? growth_patience() : parameters_.noise_patience)) {
      noise_.ask(best().blocks);
      if (noise_.found_floor(best().blocks) || noise_.near_floor(best().blocks, parameters_.floor_share)) grow();
    }
  } while (evaluator_->work() < end);
}

void Island::receive(std::span<const Blocks> migrants, const Replacement& rule) {
  if (solved_ || migrants.empty() || !rule.open(*search_)) return;
  const std::int64_t before = evaluator_->block_evaluations();
  const auto [lowest, error] = evaluator_->best_of(best().blocks, migrants, best().tiles);
  block_evaluations_ += evaluator_->block_evaluations() - before;
  if (!rule.accepts(*search_, error)) return;
  search_->adopt(migrants[lowest], error);
  stuck_ = false;
  log(Event::migrant);
  check_all_rows();
}

void Island::check_all_rows() {
  const RowTiles& rows = evaluator_->rows();
  while (best().mse <= floor_->scaled_target(rows.rows_in(best().tiles)) && !solved_) {
    if (final_check().scaled <= floor_->scaled_target(rows.shape().rows)) {
      const bool withstood = search_->idle_perturbations() >= parameters_.noise_patience;
      solved_ = floor_->is_solved(final_check().mse, verdict()) && (withstood || !verdict().doubtful);
    }
    if (solved_ || best().tiles == rows.tiles()) return;
    // The sample cannot tell this order from the answer: a larger one must.
    grow();
  }
}

void Island::grow() {
  const RowTiles& rows = evaluator_->rows();
  if (best().tiles == rows.tiles()) return;
  grown_ = true;
  ScoredOrder next = best();
  next.tiles = std::min(parameters_.sample_growth * next.tiles, rows.tiles());
  next.mse = evaluator_->error(next.blocks, next.tiles);
  search_->begin(next);
  log(Event::growth);
}

const Evaluator::Check& Island::final_check() {
  if (check_.blocks != best().blocks || check_.blocks.empty()) {
    const ScopedSeconds timing(check_.seconds);
    check_.check = evaluator_->check(best().blocks);
    check_.blocks = best().blocks;
    check_.verdict.reset();
  }
  return check_.check;
}

const RoundingVerdict& Island::verdict() {
  (void)final_check();
  if (!check_.verdict) {
    const ScopedSeconds timing(check_.seconds);
    check_.verdict = floor_->judge(*evaluator_, best().blocks, check_.check.outputs);
  }
  return *check_.verdict;
}

void Island::audit() {
  if constexpr (kCheckLevel >= 2) {
    const ScoredOrder& claimed = search_->current();
    if (!std::isfinite(claimed.mse)) return;
    require(evaluator_->recomputed_error(claimed.blocks, claimed.tiles) == claimed.mse,
            "a search's claimed error is the one that its order has");
    double extremes[] = {claimed.mse, -claimed.mse};
    evaluator_->island().max(extremes);
    require(extremes[0] == -extremes[1], "all ranks of an island hold the same error");
  }
}

void Island::log(Event event, std::int64_t moves) {
  const ScoredOrder& current = search_->current();
  entries_.push_back({.step = steps_,
                      .island = number_,
                      .event = event,
                      .rows = static_cast<std::int64_t>(evaluator_->rows().rows_in(current.tiles)),
                      .mse = current.mse,
                      .best = best().mse,
                      .moves = moves,
                      .evaluations = evaluations()});
}

void Island::state(StateArchive& archive) {
  archive(*search_, noise_, steps_, block_evaluations_, solved_, stuck_, grown_);
}

std::vector<TrajectoryEntry> Island::take_entries() { return std::exchange(entries_, {}); }

}  // namespace kintsugi
