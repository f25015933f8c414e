#include "kintsugi/search/relocation.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "kintsugi/search/screened_batch.hpp"

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
  report.event = 'R';
  const double looks = screen_error(*evaluator_, current_);
  std::vector<int> from(current_.blocks.size());
  std::iota(from.begin(), from.end(), 0);
  random_.shuffle(std::span(from));
  for (std::size_t begin = 0; begin < from.size() && !report.improved; begin += kBlocksAtOnce) {
    std::vector<Blocks> orders;
    for (std::size_t i = begin; i < std::min(from.size(), begin + kBlocksAtOnce); ++i) add_targets(from[i], orders);
    report.improved = !orders.empty() && take_best(*evaluator_, current_, std::move(orders), looks);
  }
  report.moves = report.improved ? 1 : 0;
  report.stuck = !report.improved;
  return report;
}

}  // namespace kintsugi
