#include "search/rounds/gauss_newton.hpp"

namespace kintsugi {

GaussNewton::GaussNewton(Evaluator& evaluator, Random random, const Parameters& parameters, bool decodes)
    : parameters_(parameters),
      damping_(parameters.gauss_newton),
      steps_(evaluator, damping_, parameters),
      relocation_(evaluator, damping_, random, parameters),
      decoding_(evaluator, random, parameters),
      decodes_(decodes) {}

Step& GaussNewton::active() {
  if (decoding_now_) return decoding_;
  if (relocates_) return relocation_;
  return steps_;
}

const ScoredOrder& GaussNewton::current() const {
  if (decoding_now_) return decoding_.current();
  return relocates_ ? relocation_.current() : steps_.current();
}

StepReport GaussNewton::step() {
  StepReport report = active().step();
  if (!report.stuck || !decodes_ || !relocates_ || decoding_now_) return report;
  // Relocations settle what is far; what is near is decided before a descent sees it, which would lower the error at
  // the order's cost.
  const ScoredOrder& relocated = relocation_.current();
  if (PairDecoding::reach(relocated.blocks.size(), parameters_.pair_decoding) == 0) return report;
  decoding_now_ = true;
  decoding_.begin(relocated);
  report.stuck = false;
  return report;
}

RoundPolicy GaussNewton::policy() const {
  return {.work_share = relocates_ ? parameters_.projected_relocation.work_share : 1, .resumes_own_result = true};
}

void GaussNewton::begin(const ScoredOrder& from) {
  const GaussNewtonParameters& rule = parameters_.gauss_newton;
  const bool frozen = start_error_ > 0 && from.mse > rule.frozen * start_error_;
  // Relocations leave the widest bandwidth out: there must be another.
  if (frozen && PositionSweep::bandwidths(from.blocks.size(), rule).size() > 1) relocates_ = true;
  start_error_ = from.mse;
  decoding_now_ = false;
  active().begin(from);
}

}  // namespace kintsugi
