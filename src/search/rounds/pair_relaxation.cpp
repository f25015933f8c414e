#include "search/rounds/pair_relaxation.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

bool same_sequence(const Blocks& a, const Blocks& b) {
  return std::ranges::equal(a, b, {}, &Block::expand, &Block::expand);
}

}  // namespace

PairRelaxation::PairRelaxation(Evaluator& evaluator, const SearchClues& clues, Random random,
                               const Parameters& parameters, const MemoryBudget& memory)
    : evaluator_(&evaluator),
      pairing_(evaluator, parameters.relaxed_pairing, memory),
      untrusted_(clues.untrusted),
      likely_(clues.likely),
      random_(random),
      parameters_(parameters.pair_relaxation) {}

RoundPolicy PairRelaxation::policy() const {
  return {.work_share = outcome_.changed || !outcome_.agreed ? parameters_.unsettled_work_share : 1,
          .resumes_own_result = true,
          .forces_acceptance = outcome_.changed && outcome_.agreed};
}

void PairRelaxation::begin(const ScoredOrder& from) {
  current_ = from;
  // The same order would give the same shares again.
  const bool another = rounds_ > parameters_.doublings && same_sequence(from.blocks, last_);
  if (another) random_.shuffle(std::span(current_.blocks));
  if (another || !std::isfinite(from.mse)) current_.mse = evaluator_->error(current_.blocks, current_.tiles);
  last_ = from.blocks;
  pairing_.start(current_.blocks, untrusted_, likely_);
  orders_left_ = rounds_ == 0 ? parameters_.first_orders : 1;
  steps_ = 0;
}

void PairRelaxation::add_to_average() {
  const std::span<const double> latest = pairing_.shares();
  average_.shares.resize(latest.size(), 0);
  const double share = std::max(parameters_.latest, 1 / static_cast<double>(++average_.orders));
  for (std::size_t n = 0; n < average_.shares.size(); ++n)
    average_.shares[n] += share * (latest[n] - average_.shares[n]);
}

StepReport PairRelaxation::step() {
  StepReport report;
  report.event = Event::pair_relaxation;
  const std::size_t rows = parameters_.rows_per_block * untrusted_.size() << std::min(rounds_, parameters_.doublings);
  const bool lower = pairing_.step(std::max(current_.tiles, evaluator_->rows().tiles_for(rows)));
  if (lower && ++steps_ < parameters_.steps) return report;
  if (steps_ > 0) add_to_average();
  steps_ = 0;
  if (--orders_left_ <= 0) {
    finish(report);
    return report;
  }
  Blocks order = current_.blocks;
  random_.shuffle(std::span(order));
  pairing_.start(order, untrusted_, likely_);
  return report;
}

void PairRelaxation::finish(StepReport& report) {
  report.stuck = true;
  ++rounds_;
  if (average_.orders == 0) return;
  const Blocks before = current_.blocks;
  const Blocks found[] = {pairing_.rounded(before, average_.shares), pairing_.rounded(before, pairing_.shares())};
  const std::vector<double> errors = evaluator_->errors(before, found, current_.tiles);
  const std::size_t better = errors[1] < errors[0] ? 1 : 0;
  current_ = {found[better], errors[better], current_.tiles};
  for (std::size_t p = 0; p < before.size(); ++p) {
    if (before[p].compress != current_.blocks[p].compress) ++report.moves;
  }
  outcome_.changed = report.moves > 0;
  outcome_.agreed = found[0] == found[1];
}

void PairRelaxation::state(StateArchive& archive) {
  pairing_.state(archive, untrusted_);
  archive(current_, random_, average_, last_, rounds_, outcome_, orders_left_, steps_);
  archive.require(average_.shares.size() == (average_.orders == 0 ? 0 : pairing_.shares().size()));
  archive.require(std::ranges::all_of(average_.shares, RelaxedPairing::is_share));
  archive.require(average_.orders >= 0 && rounds_ >= 0 && orders_left_ >= 0 && steps_ >= 0);
  archive.require(pairing_.blocks().empty() == current_.blocks.empty());
}

}  // namespace kintsugi
