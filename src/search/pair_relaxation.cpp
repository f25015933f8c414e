#include "kintsugi/search/pair_relaxation.hpp"

#include <algorithm>

namespace kintsugi {

namespace {

// Rows for each block that looks for its partner: fewer are overfitted.
constexpr std::size_t kRowsPerBlock = 40;
constexpr std::int64_t kSteps = 6;

}  // namespace

void PairRelaxation::start(const Candidate& from) {
  current_ = from;
  pairing_.start(from.blocks, loose_);
  steps_ = 0;
}

StepReport PairRelaxation::step() {
  StepReport report;
  report.event = 'X';
  const std::size_t tiles = std::max(current_.tiles, evaluator_->rows().tiles_for(kRowsPerBlock * loose_.size()));
  if (!pairing_.step(tiles)) {
    report.stuck = true;
    return report;
  }
  const Blocks rounded = pairing_.rounded();
  if (steps_ == 0 || rounded != current_.blocks) {
    const double mse = evaluator_->error(rounded, current_.tiles);
    for (std::size_t p = 0; p < rounded.size(); ++p) {
      if (rounded[p].compress != current_.blocks[p].compress) ++report.moves;
    }
    if (steps_ == 0 || mse < current_.mse) current_ = {rounded, mse, current_.tiles};
  }
  report.stuck = ++steps_ == kSteps;
  return report;
}

void PairRelaxation::save(StateWriter& writer) const {
  current_.save(writer);
  pairing_.save(writer);
  writer.put(steps_);
}

void PairRelaxation::restore(StateReader& reader) {
  current_.restore(reader);
  pairing_.restore(reader, loose_);
  reader.get(steps_);
}

}  // namespace kintsugi
