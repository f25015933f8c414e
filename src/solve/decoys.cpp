#include "solve/decoys.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/roles.hpp"
#include "core/stop.hpp"
#include "kernels/flush_denormals.hpp"
#include "objective/evaluator.hpp"
#include "solve/quiet_observer.hpp"

namespace kintsugi {

namespace {

constexpr std::int64_t kEvaluations = 300;  // of a search
constexpr std::size_t kRows = 1024;         // that a block without which the error is lower is looked for on
constexpr double kMuchLower = 0.7;          // share of the error
constexpr std::size_t kMostShare = 3;       // at most one block in so many is left out

class DecoySearch {
 public:
  DecoySearch(const mpi::Comm& world, const Network& network, RowSource& rows, SolveOptions options,
              SolveObserver& observer)
      : world_(world), all_(network), rows_(rows), options_(std::move(options)), quiet_(observer) {
    options_.islands = 1;
    options_.candidate_groups = options_.row_groups = 0;
    options_.max_evaluations = kEvaluations;
    options_.start = "auto";
    options_.given_permutation.clear();
    std::vector<int> count{static_cast<int>(network.pieces.size())};
    world.broadcast(count);
    for (int p = 0; p < count[0]; ++p) kept_.push_back(p);
    most_ = kept_.size() / 2 / kMostShare;
  }

  std::vector<int> run() {
    Solution solution = search();
    if (is_answer(solution)) return {};
    const std::vector<int> everything = kept_;
    const std::vector<int> untrusted = untrusted_pieces(solution);
    if (!untrusted.empty() && untrusted.size() <= 2 * most_) {
      leave_out(untrusted);
      if (is_answer(search())) return left_out(everything);
      kept_ = everything;
    }
    for (std::size_t turn = 0; turn < most_ && stop_reason() == StopReason::none; ++turn) {
      const std::vector<int> decoys =
          without_which_it_is_better(solution, most_ - (everything.size() - kept_.size()) / 2);
      if (decoys.empty()) return {};
      leave_out(decoys);
      solution = search();
      if (is_answer(solution)) return left_out(everything);
    }
    return {};
  }

 private:
  static bool is_answer(const Solution& solution) {
    return solution.status == Status::solved || solution.status == Status::precision ||
           solution.status == Status::noise || solution.status == Status::reproduced;
  }

  /// The pieces that are kept; rank 0 only.
  [[nodiscard]] Network kept_network() const {
    Network network;
    network.activation = all_.activation;
    network.form = all_.form;
    if (!world_.root()) return network;
    for (const int p : kept_) network.pieces.push_back(all_.pieces[static_cast<std::size_t>(p)]);
    return network;
  }

  Solution search() { return solve(world_, kept_network(), rows_, options_, quiet_); }

  /// Positions among the kept pieces. Known to rank 0, told to all.
  [[nodiscard]] std::vector<int> untrusted_pieces(const Solution& solution) const {
    std::vector<int> pieces;
    for (const PairScore& pair : solution.pairs) {
      if (!pair.trusted) pieces.insert(pieces.end(), {pair.expand, pair.compress});
    }
    world_.broadcast(pieces);
    return pieces;
  }

  void leave_out(const std::vector<int>& positions) {
    const std::set<int> out(positions.begin(), positions.end());
    std::vector<int> rest;
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if (!out.contains(static_cast<int>(i))) rest.push_back(kept_[i]);
    }
    kept_ = std::move(rest);
  }

  [[nodiscard]] std::vector<int> left_out(const std::vector<int>& everything) const {
    std::vector<int> out;
    std::ranges::set_difference(everything, kept_, std::back_inserter(out));
    return out;
  }

  /// One block after the other, up to `most`, while the error without it is much lower: positions among the kept.
  std::vector<int> without_which_it_is_better(const Solution& solution, std::size_t most) {
    const Roles roles = roles_of(solution.assembly, rows_.shape());
    const SharedWeights weights(world_, kept_network(), roles);
    Evaluator evaluator(world_, weights, rows_, choose_grid(world_.size(), 0, 0, RowTiles::count(rows_.shape().rows)),
                        true);
    const std::size_t tiles = evaluator.rows().tiles_for(kRows);
    Blocks blocks = solution.assembly.blocks;
    double error = evaluator.error(blocks, tiles);
    std::vector<int> out;
    while (out.size() < 2 * most && blocks.size() > 1) {
      std::vector<Blocks> without(blocks.size(), blocks);
      for (std::size_t b = 0; b < blocks.size(); ++b)
        without[b].erase(without[b].begin() + static_cast<std::ptrdiff_t>(b));
      const Evaluator::Best best = evaluator.best_of(blocks, without, tiles);
      if (!(best.error < kMuchLower * error)) break;
      out.insert(out.end(), {blocks[best.index].expand, blocks[best.index].compress});
      blocks = without[best.index];
      error = best.error;
    }
    return out;
  }

  const mpi::Comm& world_;
  const Network& all_;
  RowSource& rows_;
  SolveOptions options_;
  QuietObserver quiet_;
  std::vector<int> kept_;  // positions in all_
  std::size_t most_ = 0;   // blocks to leave out
};

}  // namespace

std::vector<int> find_decoys(const mpi::Comm& world, const Network& network, RowSource& rows,
                             const SolveOptions& options, SolveObserver& observer) {
  const kernels::FlushDenormals flushed;
  return DecoySearch(world, network, rows, options, observer).run();
}

}  // namespace kintsugi
