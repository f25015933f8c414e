#include "search/rounds/gauss_newton.hpp"

namespace kintsugi {

GaussNewton::GaussNewton(Evaluator& evaluator, Random random, const Parameters& parameters)
    : parameters_(parameters),
      damping_(parameters.gauss_newton),
      steps_(evaluator, damping_, parameters),
      relocation_(evaluator, damping_, random, parameters) {}

Step& GaussNewton::active() {
  if (relocates_) return relocation_;
  return steps_;
}

const ScoredOrder& GaussNewton::current() const { return relocates_ ? relocation_.current() : steps_.current(); }

RoundPolicy GaussNewton::policy() const {
  return {.work_share = relocates_ ? parameters_.projected_relocation.work_share : 1, .resumes_own_result = true};
}

void GaussNewton::begin(const ScoredOrder& from) {
  const GaussNewtonParameters& rule = parameters_.gauss_newton;
  const bool frozen = start_error_ > 0 && from.mse > rule.frozen * start_error_;
  // Relocations leave the widest bandwidth out: there must be another.
  if (frozen && PositionSweep::bandwidths(from.blocks.size(), rule).size() > 1) relocates_ = true;
  start_error_ = from.mse;
  active().begin(from);
}

}  // namespace kintsugi
