#include "search/local/relocation.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "search/local/screened_batch.hpp"

namespace kintsugi {

void Relocation::add_targets(int from, std::vector<Blocks>& orders) {
  const int blocks = static_cast<int>(current_.blocks.size());
  const int spacing = std::max(1, blocks / static_cast<int>(parameters_.targets));
  const auto add = [&](int to) {
    if (std::abs(to - from) <= parameters_.nearby) return;
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
  for (std::size_t i = 0; i < std::min(turn_.size(), parameters_.blocks_at_once); ++i) {
    const int expand = turn_[next_];
    next_ = (next_ + 1) % turn_.size();
    add_targets(position_of(expand, current_.blocks), orders);
  }
  report.improved = !orders.empty() && batch_.accept_best(current_, std::move(orders), batch_.screen_error(current_));
  report.moves = report.improved ? 1 : 0;
  report.stuck = !report.improved;
  return report;
}

void Relocation::state(StateArchive& archive) {
  archive(current_, random_, turn_, next_);
  const auto is_there = [&](int expand) {
    return std::ranges::find(current_.blocks, expand, &Block::expand) != current_.blocks.end();
  };
  archive.require(next_ < std::max<std::size_t>(turn_.size(), 1) && std::ranges::all_of(turn_, is_there));
}

}  // namespace kintsugi
