#include "search/rounds/gauss_newton.hpp"

#include <cmath>

namespace kintsugi {

namespace {

// Relocations leave the widest bandwidth out: there must be another.
bool may_relocate(std::size_t blocks, const GaussNewtonParameters& rule) {
  return PositionSweep::bandwidths(blocks, rule).size() > 1;
}

}  // namespace

GaussNewton::GaussNewton(Evaluator& evaluator, Random random, const Parameters& parameters, bool narrowing)
    : parameters_(parameters),
      damping_(parameters.gauss_newton),
      steps_(evaluator, damping_, parameters),
      narrowing_steps_(evaluator, damping_, parameters),
      relocation_(evaluator, damping_, random, parameters),
      narrowing_(narrowing) {}

Step& GaussNewton::active() {
  if (relocates_) return relocation_;
  if (narrowing_) return narrowing_steps_;
  return steps_;
}

const ScoredOrder& GaussNewton::current() const {
  if (relocates_) return relocation_.current();
  return narrowing_ ? narrowing_steps_.current() : steps_.current();
}

RoundPolicy GaussNewton::policy() const {
  if (narrowing_ && !stepped_)
    return {.work_share = parameters_.gauss_newton.narrowing_work_share, .resumes_own_result = true};
  return {.work_share = relocates_ ? parameters_.projected_relocation.work_share : 1, .resumes_own_result = true};
}

void GaussNewton::begin(const ScoredOrder& from) {
  const GaussNewtonParameters& rule = parameters_.gauss_newton;
  const bool frozen = start_error_ > 0 && std::isfinite(from.mse) && from.mse > rule.frozen * start_error_;
  if (frozen && may_relocate(from.blocks.size(), rule)) relocates_ = true;
  start_error_ = from.mse;
  active().begin(from);
}

void GaussNewton::state(StateArchive& archive) {
  archive(damping_, steps_, narrowing_steps_, relocation_, stepped_, relocates_, start_error_);
  const std::size_t blocks = relocation_.current().blocks.size();
  archive.require(!relocates_ || may_relocate(blocks, parameters_.gauss_newton));
}

}  // namespace kintsugi
