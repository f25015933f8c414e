#include "seeding/seeding.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.hpp"
#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

constexpr const char* kBaseNames[] = {"wout-frobenius", "wout-l1", "delta-norm", "greedy"};

std::vector<int> ascending(const std::vector<double>& values) {
  std::vector<int> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return values[static_cast<std::size_t>(a)] < values[static_cast<std::size_t>(b)];
  });
  return order;
}

// Adds the squared 2-norms of the rows of a tile of `width` features to norms[row].
void add_row_squares(const float* tile, std::size_t width, double (&norms)[kTileRows]) {
  float sums[kTileRows] = {};
  for (std::size_t f = 0; f < width; ++f) {
    for (std::size_t row = 0; row < kTileRows; ++row)
      sums[row] += tile[f * kTileRows + row] * tile[f * kTileRows + row];
  }
  for (std::size_t row = 0; row < kTileRows; ++row) norms[row] += sums[row];
}

// The residuals of blocks on the states of one tile, in buffers that are kept between calls.
class TileResiduals {
 public:
  explicit TileResiduals(const Evaluator& evaluator) : evaluator_(&evaluator) {
    std::size_t widest = 0;
    for (const int piece : evaluator.weights().roles().expand)
      widest = std::max(widest, evaluator.weights().inner(piece));
    residual_.resize(evaluator.weights().roles().width * kTileRows);
    hidden_.resize(widest * kTileRows);
  }

  const kernels::TileBuffer& of(const Block& block, const float* x) {
    evaluator_->kernel(block).residual(evaluator_->weights().block(block), x, residual_.data(), hidden_.data());
    return residual_;
  }

  /// Squared 2-norm of the residual on each row; rows that are not real count zero.
  void row_squares(const Block& block, const RowTile& tile, const float* x, double (&squares)[kTileRows]) {
    std::fill(std::begin(squares), std::end(squares), 0.0);
    add_row_squares(of(block, x).data(), evaluator_->weights().roles().width, squares);
    std::fill(std::begin(squares) + tile.rows, std::end(squares), 0.0);
  }

 private:
  const Evaluator* evaluator_;
  kernels::TileBuffer residual_;
  kernels::TileBuffer hidden_;
};

std::vector<double> reduced(Evaluator& evaluator, mpi::ExactSums& sums) {
  evaluator.reduce(sums);
  std::vector<double> values(sums.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = sums.value(i);
  return values;
}

}  // namespace

std::vector<std::string> start_names() {
  std::vector<std::string> names;
  for (const std::string base : kBaseNames) {
    names.push_back(base);
    names.push_back(base + std::string(kReversed));
  }
  names.emplace_back("random");
  return names;
}

CompressNorms compress_norms(const Network& network, const Blocks& pairing) {
  CompressNorms norms;
  for (const Block& block : pairing) {
    const std::vector<float>& weight = network.pieces[static_cast<std::size_t>(block.compress)].weight;
    double squares = 0;
    double magnitudes = 0;
    for (const float value : weight) {
      squares += static_cast<double>(value) * value;
      magnitudes += std::fabs(value);
    }
    norms.frobenius.push_back(std::sqrt(squares));
    norms.l1.push_back(magnitudes / static_cast<double>(weight.size()));
  }
  return norms;
}

std::vector<double> delta_norms(Evaluator& evaluator, const Blocks& pairing, const SharedSample& sample) {
  mpi::ExactSums sums(pairing.size());
  TileResiduals residuals(evaluator);
  {
    const ScopedSeconds timing(evaluator.clock().kernels);
    std::size_t item = 0;
    for (const RowTile& tile : sample.tiles()) {
      for (std::size_t b = 0; b < pairing.size(); ++b) {
        if (!sample.is_mine(item++) || stop_heard()) continue;
        double squares[kTileRows];
        residuals.row_squares(pairing[b], tile, tile.inputs, squares);
        double sum = 0;
        for (const double square : squares) sum += std::sqrt(square);
        sums.add(b, sum);
      }
    }
  }
  const std::size_t tiles = sample.tiles().size();
  evaluator.count_blocks(static_cast<std::int64_t>(pairing.size()), tiles);
  std::vector<double> norms = reduced(evaluator, sums);
  for (double& norm : norms) norm /= static_cast<double>(evaluator.rows().rows_in(tiles));
  return norms;
}

namespace {

/// The network so far of a greedy roll-out, on the first tiles of a sample: its states, which every rank has.
class RollOut {
 public:
  RollOut(Evaluator& evaluator, const Blocks& pairing, const SharedSample& sample, std::size_t tiles)
      : evaluator_(evaluator),
        pairing_(pairing),
        sample_(sample),
        tiles_(sample.tiles().first(tiles)),
        size_(evaluator.weights().roles().width * kTileRows),
        residuals_(evaluator) {
    states_.reserve(tiles * size_);
    for (const RowTile& tile : tiles_) states_.insert(states_.end(), tile.inputs, tile.inputs + size_);
  }

  /// Sums of the squared residuals of the blocks `left` on the states. Collective.
  [[nodiscard]] std::vector<double> changes(const std::vector<int>& left) {
    mpi::ExactSums sums(left.size());
    {
      const ScopedSeconds timing(evaluator_.clock().kernels);
      std::size_t item = 0;
      for (std::size_t t = 0; t < tiles_.size(); ++t) {
        for (std::size_t i = 0; i < left.size(); ++i) {
          if (!sample_.is_mine(item++) || stop_heard()) continue;
          double squares[kTileRows];
          residuals_.row_squares(block(left[i]), tiles_[t], &states_[t * size_], squares);
          sums.add(i, std::accumulate(std::begin(squares), std::end(squares), 0.0));
        }
      }
    }
    evaluator_.count_blocks(static_cast<std::int64_t>(left.size()), tiles_.size());
    return reduced(evaluator_, sums);
  }

  void append(int next) {
    const ScopedSeconds timing(evaluator_.clock().kernels);
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      const kernels::TileBuffer& r = residuals_.of(block(next), &states_[t * size_]);
      for (std::size_t i = 0; i < size_; ++i) states_[t * size_ + i] += r[i];
    }
  }

 private:
  [[nodiscard]] const Block& block(int number) const { return pairing_[static_cast<std::size_t>(number)]; }

  Evaluator& evaluator_;
  const Blocks& pairing_;
  const SharedSample& sample_;
  std::span<const RowTile> tiles_;
  std::size_t size_;
  TileResiduals residuals_;
  kernels::TileBuffer states_;  // [tiles][width][kTileRows]
};

}  // namespace

std::vector<int> greedy_roll_out(Evaluator& evaluator, const Blocks& pairing, const SharedSample& sample,
                                 std::size_t tiles) {
  RollOut network(evaluator, pairing, sample, tiles);
  std::vector<int> order;
  order.reserve(pairing.size());
  std::vector<int> left(pairing.size());
  std::iota(left.begin(), left.end(), 0);
  while (!left.empty()) {
    const std::vector<double> changes = network.changes(left);
    const auto smallest = std::min_element(changes.begin(), changes.end()) - changes.begin();
    const int next = left[static_cast<std::size_t>(smallest)];
    order.push_back(next);
    left.erase(left.begin() + smallest);
    network.append(next);
  }
  return order;
}

Blocks blocks_in_order(const Blocks& pairing, const std::vector<int>& order) {
  Blocks blocks;
  blocks.reserve(order.size());
  for (const int b : order) blocks.push_back(pairing[static_cast<std::size_t>(b)]);
  return blocks;
}

namespace {

std::vector<int> base_order(Evaluator& evaluator, const Blocks& pairing, const CompressNorms& norms,
                            std::string_view name, std::uint64_t seed, const SharedSample& sample) {
  std::vector<int> order;
  if (name == "wout-frobenius") {
    if (evaluator.island().root()) order = ascending(norms.frobenius);
    evaluator.island().broadcast(order);
  } else if (name == "wout-l1") {
    if (evaluator.island().root()) order = ascending(norms.l1);
    evaluator.island().broadcast(order);
  } else if (name == "delta-norm") {
    order = ascending(delta_norms(evaluator, pairing, sample));
  } else if (name == "greedy") {
    // Half of a sample is enough to rank norms by, and this start costs most.
    order = greedy_roll_out(evaluator, pairing, sample, std::max<std::size_t>(1, sample.tiles().size() / 2));
  } else {  // random
    order.resize(pairing.size());
    std::iota(order.begin(), order.end(), 0);
    Random(seed).shuffle(std::span(order));
  }
  return order;
}

void require_known(std::string_view name) {
  const std::vector<std::string> names = start_names();
  if (name == "auto" || std::find(names.begin(), names.end(), name) != names.end()) return;
  std::string known = "auto";
  for (const std::string& each : names) known += ", " + each;
  throw UsageError("unknown start order '" + std::string(name) + "'; known are " + known);
}

}  // namespace

void rank_by_error(Evaluator& evaluator, const Blocks& pairing, const SharedSample& sample,
                   std::vector<StartOrder>& starts) {
  std::vector<Blocks> orders;
  orders.reserve(starts.size());
  for (const StartOrder& start : starts) orders.push_back(blocks_in_order(pairing, start.order));
  const std::vector<double> errors = evaluator.errors(pairing, orders, sample);
  for (std::size_t i = 0; i < starts.size(); ++i) starts[i].mse = errors[i];
  std::ranges::stable_sort(starts, {}, &StartOrder::mse);
}

std::vector<StartOrder> make_start_orders(Evaluator& evaluator, const Blocks& pairing, const CompressNorms& norms,
                                          std::string_view name, std::uint64_t seed, const SharedSample& sample) {
  require_known(name);
  std::vector<StartOrder> starts;
  const auto add = [&](std::string start_name, std::vector<int> order) {
    const bool known = std::any_of(starts.begin(), starts.end(), [&](const StartOrder& s) { return s.order == order; });
    if (!known) starts.push_back({std::move(start_name), 0, std::move(order)});
  };
  if (name == "auto") {
    for (const std::string base : kBaseNames) {
      std::vector<int> order = base_order(evaluator, pairing, norms, base, seed, sample);
      add(base, order);
      std::reverse(order.begin(), order.end());
      add(base + std::string(kReversed), std::move(order));
    }
  } else {
    const bool reversed = name.ends_with(kReversed);
    const std::string_view base = reversed ? name.substr(0, name.size() - kReversed.size()) : name;
    std::vector<int> order = base_order(evaluator, pairing, norms, base, seed, sample);
    if (reversed) std::reverse(order.begin(), order.end());
    add(std::string(name), std::move(order));
  }
  rank_by_error(evaluator, pairing, sample, starts);
  return starts;
}

}  // namespace kintsugi
