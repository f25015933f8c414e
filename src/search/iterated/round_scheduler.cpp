#include "search/iterated/round_scheduler.hpp"

#include <utility>

#include "search/on_sample.hpp"

namespace kintsugi {

RoundScheduler::RoundScheduler(std::vector<std::unique_ptr<Round>> rounds, const RoundSchedulerParameters& parameters)
    : parameters_(parameters) {
  for (std::unique_ptr<Round>& round : rounds) slots_.push_back({.round = std::move(round)});
}

std::optional<std::size_t> RoundScheduler::first(std::size_t from) const {
  for (std::size_t i = from; i < slots_.size(); ++i) {
    const RoundPolicy policy = slots_[i].round->policy();
    if (policy.work_share.value_or(1) > 1 && policy.first_work == 0) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> RoundScheduler::next(std::int64_t local_work, const Blocks& incumbent) const {
  std::optional<std::size_t> next;
  std::int64_t least = local_work + 1;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const RoundPolicy policy = slot.round->policy();
    const std::int64_t weighted = policy.work_share ? slot.work / *policy.work_share
                                                    : (slot.productive ? 1 : parameters_.idle_work_factor) * slot.work;
    if (local_work < policy.first_work || weighted >= least || !slot.round->leads_on_from(incumbent)) continue;
    next = i;
    least = weighted;
  }
  return next;
}

const ScoredOrder& RoundScheduler::start_of(std::size_t i, const ScoredOrder& incumbent, Evaluator& evaluator) {
  std::optional<ScoredOrder>& last = slots_[i].last_result;
  if (!last) return incumbent;
  last = on_sample(evaluator, *last, incumbent.tiles);
  return last->mse < parameters_.abandon_ratio * incumbent.mse ? *last : incumbent;
}

void RoundScheduler::reward(std::optional<std::size_t> origin) {
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].productive = origin == i;
}

void RoundScheduler::forget_results() {
  for (Slot& slot : slots_) slot.last_result.reset();
}

void RoundScheduler::set_elites(const std::vector<Blocks>& elites) {
  for (const Slot& slot : slots_) slot.round->set_elites(elites);
}

void RoundScheduler::state(StateArchive& archive) {
  for (Slot& slot : slots_) {
    slot.round->state(archive);
    archive(slot.work, slot.productive, slot.last_result);
    archive.require(!slot.last_result || !slot.last_result->blocks.empty());
  }
}

}  // namespace kintsugi
