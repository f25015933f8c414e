#include "search/relocation.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "search/screened_batch.hpp"

namespace kintsugi {

namespace {

constexpr std::size_t kBlocksAtOnce = 8;  // whose positions make one batch
constexpr int kTargets = 12;              // positions tried per block, ends not counted
constexpr int kNearby = 2;                // places that other searches cover

}  // namespace

void Relocation::add_targets(int from, std::vector<Blocks>& orders) {
  const int blocks = static_cast<int>(current_.blocks.size());
  const int spacing = std::max(1, blocks / kTargets);
  const auto add = [&](int to) {
    if (std::abs(to - from) <= kNearby) return;
    orders.push_back(current_.blocks);
    insert_in(orders.back(), from, to);
  };
  add(0);
  const int first = 1 + static_cast<int>(random_.below(static_cast<std::uint64_t>(spacing)));
  for (int to = first; to < blocks - 1; to += spacing) add(to);
  add(blocks - 1);
}

StepReport Relocation::step() {
  StepReport report;
  report.event = Event::relocation;
  if (turn_.size() != current_.blocks.size()) {
    turn_.clear();
    for (const Block& block : current_.blocks) turn_.push_back(block.expand);
    random_.shuffle(std::span(turn_));
    next_ = 0;
  }
  std::vector<Blocks> orders;
  for (std::size_t i = 0; i < std::min(turn_.size(), kBlocksAtOnce); ++i) {
    const int expand = turn_[next_];
    next_ = (next_ + 1) % turn_.size();
    add_targets(position_of(expand, current_.blocks), orders);
  }
  report.improved =
      !orders.empty() && take_best(*evaluator_, current_, std::move(orders), screen_error(*evaluator_, current_));
  report.moves = report.improved ? 1 : 0;
  report.stuck = !report.improved;
  return report;
}

void Relocation::save(StateWriter& writer) const {
  current_.save(writer);
  writer.put(random_);
  writer.put(turn_);
  writer.put(static_cast<std::int64_t>(next_));
}

void Relocation::restore(StateReader& reader) {
  current_.restore(reader);
  reader.get(random_);
  reader.get(turn_);
  next_ = static_cast<std::size_t>(reader.get<std::int64_t>());
  if (next_ > turn_.size()) throw InputError("the state of a search is out of range");
}

}  // namespace kintsugi
