#include "search/rounds/gauss_newton.hpp"

namespace kintsugi {

namespace {

// Relocations leave the widest bandwidth out: there must be another.
bool may_relocate(std::size_t blocks, const GaussNewtonParameters& rule) {
  return PositionSweep::bandwidths(blocks, rule).size() > 1;
}

}  // namespace

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
  if (frozen && may_relocate(from.blocks.size(), rule)) relocates_ = true;
  start_error_ = from.mse;
  active().begin(from);
}

void GaussNewton::state(StateArchive& archive) {
  archive(damping_, steps_, relocation_, relocates_, start_error_);
  const std::size_t blocks = relocation_.current().blocks.size();
  archive.require(!relocates_ || may_relocate(blocks, parameters_.gauss_newton));
}

}  // namespace kintsugi
