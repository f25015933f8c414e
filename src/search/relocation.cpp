#include "kintsugi/search/relocation.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace kintsugi {

namespace {

constexpr std::size_t kScreenTiles = 4;   // of the sample, for the first look
constexpr std::size_t kBlocksAtOnce = 8;  // whose positions make one batch
constexpr std::size_t kChecked = 6;       // of a batch, on the whole sample
constexpr int kTargets = 12;              // positions tried per block, ends not counted
constexpr int kNearby = 2;                // places that other searches cover

}  // namespace

std::vector<Insertion> Relocation::targets(int from) {
  const int blocks = static_cast<int>(current_.blocks.size());
  const int spacing = std::max(1, blocks / kTargets);
  std::vector<Insertion> moves;
  const auto add = [&](int to) {
    if (std::abs(to - from) > kNearby) moves.push_back({from, to, 0});
  };
  add(0);
  for (int to = 1 + static_cast<int>(random_.below(static_cast<std::uint64_t>(spacing))); to < blocks - 1;
       to += spacing) {
    add(to);
  }
  add(blocks - 1);
  return moves;
}

bool Relocation::try_moves(std::vector<Insertion> moves, double sample_error, std::size_t sample_tiles) {
  const auto evaluate = [&](std::size_t tiles) {
    std::vector<Blocks> orders;
    for (const Insertion& move : moves) {
      orders.push_back(current_.blocks);
      insert_in(orders.back(), move.from, move.to);
    }
    const std::vector<double> errors = evaluator_->errors(current_.blocks, orders, tiles);
    for (std::size_t i = 0; i < moves.size(); ++i) moves[i].change = errors[i];
    std::stable_sort(moves.begin(), moves.end(),
                     [](const Insertion& a, const Insertion& b) { return a.change < b.change; });
  };
  evaluate(sample_tiles);
  std::erase_if(moves, [&](const Insertion& move) { return !(move.change < sample_error); });
  if (moves.empty()) return false;
  moves.resize(std::min(moves.size(), kChecked));
  evaluate(current_.tiles);
  if (!(moves.front().change < current_.mse)) return false;
  insert_in(current_.blocks, moves.front().from, moves.front().to);
  current_.mse = moves.front().change;
  return true;
}

StepReport Relocation::step() {
  StepReport report;
  report.event = 'R';
  const std::size_t tiles = std::min(current_.tiles, kScreenTiles);
  const double sample_error = evaluator_->error(current_.blocks, tiles);
  std::vector<int> from(current_.blocks.size());
  std::iota(from.begin(), from.end(), 0);
  random_.shuffle(std::span(from));
  for (std::size_t begin = 0; begin < from.size() && !report.improved; begin += kBlocksAtOnce) {
    std::vector<Insertion> moves;
    for (std::size_t i = begin; i < std::min(from.size(), begin + kBlocksAtOnce); ++i) {
      const std::vector<Insertion> more = targets(from[i]);
      moves.insert(moves.end(), more.begin(), more.end());
    }
    report.improved = !moves.empty() && try_moves(std::move(moves), sample_error, tiles);
  }
  report.moves = report.improved ? 1 : 0;
  report.stuck = !report.improved;
  return report;
}

}  // namespace kintsugi
