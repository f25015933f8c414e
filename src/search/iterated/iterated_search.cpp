#include "search/iterated/iterated_search.hpp"

#include <algorithm>
#include <utility>

#include "search/iterated/acceptance.hpp"
#include "search/iterated/sample_size.hpp"

namespace kintsugi {

IteratedSearch::IteratedSearch(Evaluator& evaluator, Neighbourhoods chain, RoundScheduler rounds,
                               Perturbation perturbation, const Parameters& parameters)
    : evaluator_(&evaluator),
      parameters_(parameters),
      chain_(std::move(chain)),
      rounds_(std::move(rounds)),
      perturbation_(std::move(perturbation)) {}

void IteratedSearch::begin(const ScoredOrder& from) {
  current_ = incumbent_ = best_ = from;
  idle_ = 0;
  origin_.reset();
  rounds_.forget_results();
  begin_first(0);
}

void IteratedSearch::begin_first(std::size_t from) {
  const std::optional<std::size_t> first = rounds_.first(from);
  if (!first) {
    begin_chain();
    return;
  }
  phase_ = Phase::round;
  origin_ = first;
  rounds_.round(*first).begin(current_);
}

void IteratedSearch::adopt(const Blocks& blocks, double mse) {
  current_.blocks = blocks;
  current_.mse = mse;
  incumbent_ = current_;
  if (mse < best_.mse) best_ = current_;
  idle_ = 0;
  origin_.reset();
  begin_chain();
}

void IteratedSearch::set_elites(const std::vector<Blocks>& elites) {
  perturbation_.set_elites(elites);
  rounds_.set_elites(elites);
}

StepReport IteratedSearch::step() {
  if (current_.blocks.size() < 2) {
    // Nothing to order.
    current_.mse = evaluator_->error(current_.blocks, current_.tiles);
    best_ = current_;
    return {.stuck = true};
  }
  StepReport report = active_step();
  note_best();
  if (goes_on(report)) return report;
  report.stuck = false;
  if (phase_ == Phase::round) {
    // A round is over: the chain goes on from what it came to, or another one that comes before it.
    left_start_ ? begin_chain() : begin_first(*origin_ + 1);
  } else if (!chain_.advance(current_, idle_)) {
    leave_local_optimum(report);
  }
  return report;
}

StepReport IteratedSearch::active_step() {
  const std::int64_t before = evaluator_->work();
  StepReport report;
  if (phase_ == Phase::chain) {
    report = chain_.step();
    current_ = chain_.current();
    chain_.add_work(evaluator_->work() - before);
  } else {
    Round& round = rounds_.round(*origin_);
    report = round.step();
    current_ = round.current();
    rounds_.add_work(*origin_, evaluator_->work() - before);
  }
  return report;
}

void IteratedSearch::note_best() {
  if (!(current_.mse < best_.mse)) return;
  best_ = current_;
  idle_ = 0;
  if (left_start_) rounds_.reward(origin_);
}

bool IteratedSearch::goes_on(const StepReport& report) {
  if (report.stuck) return false;
  if (phase_ == Phase::round) return true;
  if (chain_.first_is_active()) return !chain_.stagnates(current_.mse) || !next_round();
  if (report.improved) begin_chain();
  return true;
}

void IteratedSearch::leave_local_optimum(StepReport& report) {
  accept();
  if (!grow(report)) {
    const IteratedParameters& limits = parameters_.iterated;
    const auto blocks = static_cast<std::int64_t>(current_.blocks.size());
    if (idle_ >= std::max(limits.min_patience, limits.patience_per_block * blocks)) {
      report.stuck = true;
      return;
    }
    if (const std::optional<std::size_t> round = next_round()) {
      begin_round(*round);
      return;
    }
    perturb(report);
  }
  begin_chain();
}

void IteratedSearch::accept() {
  const RoundPolicy policy = origin_ ? rounds_.round(*origin_).policy() : RoundPolicy{};
  if (policy.forces_acceptance) {
    incumbent_ = current_;
    rounds_.forget_results();
    return;
  }
  if (policy.resumes_own_result) rounds_.keep_result(*origin_, current_);
  if (accepts(incumbent_, current_, parameters_.acceptance)) incumbent_ = current_;
}

bool IteratedSearch::grow(StepReport& report) {
  std::optional<ScoredOrder> larger = on_larger_sample(*evaluator_, best_, incumbent_, parameters_.sample_size);
  if (!larger) return false;
  current_ = best_ = incumbent_ = std::move(*larger);
  idle_ = 0;
  report.event = Event::growth;
  return true;
}

std::optional<std::size_t> IteratedSearch::next_round() const {
  if (origin_ && idle_ > 0) return std::nullopt;
  return rounds_.next(chain_.work(), incumbent_.blocks);
}

void IteratedSearch::begin_chain() {
  phase_ = Phase::chain;
  chain_.begin(current_);
}

void IteratedSearch::begin_round(std::size_t round) {
  ++idle_;
  phase_ = Phase::round;
  origin_ = round;
  left_start_ = true;
  current_ = rounds_.start_of(round, incumbent_, *evaluator_);
  rounds_.round(round).begin(current_);
}

void IteratedSearch::perturb(StepReport& report) {
  ++idle_;
  origin_.reset();
  left_start_ = true;
  Perturbation::Result result = perturbation_.apply(incumbent_, current_);
  current_ = std::move(result.order);
  if (perturbation_.replaces_incumbent()) incumbent_ = current_;
  report.event = result.event;
  report.moves = result.moves.value_or(report.moves);
}

void IteratedSearch::state(StateArchive& archive) {
  archive(chain_, rounds_, perturbation_, phase_, origin_, left_start_, idle_, current_, incumbent_, best_);
  archive.require(!current_.blocks.empty() && !incumbent_.blocks.empty() && !best_.blocks.empty());
  archive.require(!origin_ || *origin_ < rounds_.size());
  archive.require(phase_ == Phase::chain || (phase_ == Phase::round && origin_));
  const Step& active = phase_ == Phase::chain ? chain_.active() : rounds_.round(*origin_);
  archive.require(!active.current().blocks.empty());
  if (archive.reading()) rounds_.set_elites(perturbation_.elites());
}

}  // namespace kintsugi
