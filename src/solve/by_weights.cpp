#include "solve/by_weights.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

void require_predictions(const RowShape& shape, const PreparationOptions& options) {
  if (shape.rows > 0 || options.without_predictions) return;
  throw InputError(
      "there are no predictions to go by; --without-predictions orders the blocks by their weights alone, as far as "
      "these tell");
}

int head_of(const mpi::Comm& world, const Preparation& preparation) {
  std::vector<int> head{preparation.roles.head};
  world.broadcast(head);
  return head.front();
}

void order_by_line(const mpi::Comm& world, const Preparation& preparation, Solution& solution) {
  if (preparation.lines.orders.empty()) throw Stopped(stop_reason());
  solution.assembly = {blocks_in_order(preparation.pairing, preparation.lines.orders.front()),
                       head_of(world, preparation)};
  solution.status = Status::by_weights;
  solution.mse = solution.largest_error = solution.target = std::numeric_limits<double>::quiet_NaN();
}

WeightsLine in_direction_of(WeightsLine line, const Blocks& answer) {
  std::map<int, double> place_of;
  for (std::size_t p = 0; p < answer.size(); ++p) place_of[answer[p].expand] = static_cast<double>(p);
  const double middle = (static_cast<double>(answer.size()) - 1) / 2;
  double product = 0;
  for (std::size_t p = 0; p < line.blocks.size(); ++p)
    product += (static_cast<double>(p) - middle) * (place_of.at(line.blocks[p].expand) - middle);
  if (product < 0) {
    std::ranges::reverse(line.blocks);
    std::ranges::reverse(line.off);
  }
  return line;
}

}  // namespace kintsugi
