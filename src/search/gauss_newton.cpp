#include "kintsugi/search/gauss_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace kintsugi {

namespace {

// Rows for each block whose place is looked for: fewer are overfitted.
constexpr std::size_t kRowsPerBlock = 40;
// The widest bandwidth is this share of the blocks, each further one half of it, none narrower than this.
constexpr double kWidest = 1.0 / 6;
constexpr double kNarrowest = 1.5;
constexpr std::int64_t kCycles = 10;
// A round has melted where even a cycle's lowest error is so many times the one that it was given; damping then rises.
constexpr double kMolten = 4;
constexpr double kDamping = 0.1;
constexpr double kMostDamping = 10;
constexpr double kDampingFactor = 3;
constexpr double kUnknown = std::numeric_limits<double>::infinity();

// From wide to narrow.
std::vector<double> bandwidths(std::size_t blocks) {
  std::vector<double> all{std::max(kNarrowest, kWidest * static_cast<double>(blocks))};
  while (all.back() >= 2 * kNarrowest) all.push_back(all.back() / 2);
  return all;
}

}  // namespace

void GaussNewton::start(const Candidate& from) {
  const RowTiles& rows = evaluator_->rows();
  current_ = walker_ = from;
  walker_.tiles = std::max(from.tiles, rows.tiles_for(kRowsPerBlock * from.blocks.size()));
  if (damping_ == 0) damping_ = kDamping;
  start_error_ = from.mse;
  step_ = 0;
  begin_cycle();
}

void GaussNewton::begin_cycle() {
  lowest_.mse = kUnknown;
  moved_ = false;
}

bool GaussNewton::move(const std::vector<double>& places, double farthest) {
  const auto usable = [](double place) { return std::isfinite(place); };
  if (places.empty() || !std::ranges::all_of(places, usable)) return false;
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, {}, [&](std::size_t p) { return static_cast<double>(p) + std::clamp(places[p], -farthest, farthest); });
  Blocks moved;
  for (const std::size_t p : order) moved.push_back(walker_.blocks[p]);
  moved_ = moved_ || moved != walker_.blocks;
  walker_.blocks = std::move(moved);
  return true;
}

StepReport GaussNewton::step() {
  StepReport report;
  report.event = 'L';
  const std::vector<double> widths = bandwidths(walker_.blocks.size());
  const auto cycle = static_cast<std::int64_t>(widths.size());
  const double width = widths[static_cast<std::size_t>(step_ % cycle)];
  const FirstOrderModel::PlaceStep found = model_->place_step(walker_.blocks, walker_.tiles, width, damping_);
  walker_.mse = found.mse;
  if (walker_.mse < lowest_.mse) lowest_ = walker_;
  bool molten = !move(found.places, width);
  bool settled = false;
  report.moves = 1;
  if (++step_ % cycle == 0) {
    molten = molten || lowest_.mse > kMolten * start_error_;
    settled = !moved_;
    if (!molten) {
      current_.blocks = lowest_.blocks;
      current_.mse = current_.tiles == lowest_.tiles ? lowest_.mse : evaluator_->error(lowest_.blocks, current_.tiles);
    }
    begin_cycle();
  }
  report.stuck = molten || settled || step_ >= kCycles * cycle;
  if (report.stuck) {
    damping_ = std::clamp(molten ? damping_ * kDampingFactor : damping_ / kDampingFactor, kDamping, kMostDamping);
  }
  return report;
}

void GaussNewton::save(StateWriter& writer) const {
  current_.save(writer);
  walker_.save(writer);
  lowest_.save(writer);
  writer.put(damping_);
  writer.put(start_error_);
  writer.put(step_);
  writer.put(static_cast<std::int64_t>(moved_));
}

void GaussNewton::restore(StateReader& reader) {
  current_.restore(reader);
  walker_.restore(reader);
  lowest_.restore(reader);
  reader.get(damping_);
  reader.get(start_error_);
  reader.get(step_);
  moved_ = reader.get<std::int64_t>() != 0;
}

}  // namespace kintsugi
