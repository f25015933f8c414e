#include "objective/model_walk.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/order.hpp"
#include "core/stop.hpp"
#include "kernels/screen.hpp"

namespace kintsugi {

ModelWalk::ModelWalk(const EffectTable& table, Random random)
    : table_(table), random_(random), order_(table.blocks), errors_(table.errors), moved_(table.rows) {
  std::iota(order_.begin(), order_.end(), 0);
}

void ModelWalk::run(int moves, double temperature, double bound) {
  const auto blocks = static_cast<int>(order_.size());
  for (int i = 0; i < moves && model_distance_ <= bound && !stop_heard(); ++i) {
    const int at = static_cast<int>(random_.below(static_cast<std::uint64_t>(blocks)));
    // Windows of all sizes, the logarithm of which is uniform: most moves that lower the error are short.
    const int reach = static_cast<int>(std::exp(random_.uniform() * std::log(static_cast<double>(blocks))));
    draw_position(at, std::max(0, at - reach), std::min(blocks - 1, at + reach), temperature);
  }
}

double ModelWalk::predicted() const {
  double sum = 0;
  for (const float error : errors_) sum += static_cast<double>(error) * error;
  return sum * table_.to_mse;
}

double ModelWalk::pass(int block, int other, float direction) {
  const auto [low, high] = std::minmax({static_cast<std::size_t>(block), static_cast<std::size_t>(other)});
  ++passes_;
  return table_.to_mse * kernels::pass_block(table_.rows, block < other ? direction : -direction,
                                             table_.effect(low, high), errors_.data(), moved_.data());
}

void ModelWalk::draw_position(int at, int first, int last, double temperature) {
  const int block = order_[static_cast<std::size_t>(at)];
  change_.assign(static_cast<std::size_t>(last - first + 1), 0);
  for (const int step : {1, -1}) {
    std::ranges::fill(moved_, 0.0F);
    for (int to = at + step; to >= first && to <= last; to += step) {
      change_[static_cast<std::size_t>(to - first)] =
          pass(block, order_[static_cast<std::size_t>(to)], static_cast<float>(step));
    }
  }
  const double least = *std::ranges::min_element(change_);
  double total = 0;
  for (double& weight : change_) total += weight = std::exp((least - weight) / temperature);
  double left = random_.uniform() * total;
  int to = first;
  while (to < last && (left -= change_[static_cast<std::size_t>(to - first)]) >= 0) ++to;
  move(at, to);
}

void ModelWalk::move(int at, int to) {
  if (at == to) return;
  const int block = order_[static_cast<std::size_t>(at)];
  const int step = to > at ? 1 : -1;
  std::ranges::fill(moved_, 0.0F);
  for (int position = at; position != to;) {
    position += step;
    const int other = order_[static_cast<std::size_t>(position)];
    (void)pass(block, other, static_cast<float>(step));
    // Passing a block that stands behind in the base order changes the pair's sides; passing it again undoes that.
    const bool leaves = (step > 0) == (block < other);
    const auto [low, high] = std::minmax({static_cast<std::size_t>(block), static_cast<std::size_t>(other)});
    model_distance_ += (leaves ? 1 : -1) * table_.sizes[table_.pair(low, high)];
  }
  for (std::size_t i = 0; i < errors_.size(); ++i) errors_[i] += moved_[i];
  insert_in(order_, at, to);
}

}  // namespace kintsugi
