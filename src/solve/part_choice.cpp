#include "solve/part_choice.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/fold.hpp"
#include "core/part_rules.hpp"
#include "core/stop.hpp"
#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "solve/part_fit.hpp"
#include "solve/part_places.hpp"
#include "solve/quiet_observer.hpp"

namespace kintsugi {

namespace {

using Eigen::Index;

bool is_answer(Status status) {
  return status == Status::solved || status == Status::precision || status == Status::noise;
}

/// Of outputs: one by their deviation; 0 where they are constant but for rounding.
PartVector weights_of(const PartMatrix& predictions) {
  constexpr double kConstant = 1e-12;
  const PartVector mean = predictions.colwise().mean();
  const PartVector variance =
      (predictions.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(predictions.rows());
  PartVector weights(mean.size());
  for (Index q = 0; q < mean.size(); ++q)
    weights[q] = variance[q] > kConstant * mean[q] * mean[q] ? 1 / std::sqrt(variance[q]) : 0;
  return weights;
}

class PartChoice {
 public:
  PartChoice(const mpi::Comm& world, NetworkF64& network, const OpenParts& open, RowSource& rows, SolveOptions& options,
             SolveObserver& observer)
      : world_(world),
        network_(network),
        open_(open),
        rows_(rows),
        options_(options),
        quiet_(observer),
        parameters_(options.parameters.part_choice) {
    world_.agree([&] {
      if (!world_.root()) return;
      original_ = network_;
      unrelated_ = open_.unrelated;
      if (open_.kinds) unrelated_.insert({PartKind::norm, PartKind::scale});
      doubtful_ = open_.doubtful;
      read_sample();
    });
  }

  std::string run() {
    choose_form();
    evaluations_ = parameters_.evaluations;
    for (std::int64_t trial = 1; trial < parameters_.trials && !solved_ && goes_on(); ++trial) {
      std::vector<int> changed{0};
      world_.agree([&] {
        if (world_.root()) changed[0] = improve() ? 1 : 0;
      });
      world_.broadcast(changed);
      if (changed[0] == 0) evaluations_ *= 2;
      search(network_);
    }
    give_start();
    return world_.root() ? describe() : "";
  }

 private:
  /// The best order so far becomes the start, in the numbers that the pieces have now.
  void give_start() {
    std::vector<int> start = best_.permutation;
    world_.agree([&] {
      if (!world_.root()) return;
      const std::map<int, int> renamed = rename_turned(network_, turned_);
      for (int& index : start) {
        if (const auto found = renamed.find(index); found != renamed.end()) index = found->second;
      }
    });
    world_.broadcast(start);
    if (options_.start != "auto" || start.empty()) return;
    options_.start = "given";
    options_.given_permutation = std::move(start);
  }

  /// By rank 0's clock; 0, which is no limit, only where there is none.
  [[nodiscard]] double half_of_the_time_left() const {
    constexpr double kLeast = 0.01;
    if (!(seconds_limit_ > 0)) return 0;
    double left = std::max((parameters_.share_of_time * seconds_limit_ - since_start_.seconds()) / 2, kLeast);
    world_.broadcast(std::span(&left, 1));
    return left;
  }

  [[nodiscard]] bool goes_on() {
    std::int64_t stop = quiet_.stop_requested() || stop_reason() != StopReason::none ? 1 : 0;
    if (seconds_limit_ > 0 && since_start_.seconds() > parameters_.share_of_time * seconds_limit_) stop = 1;
    world_.max(std::span(&stop, 1));
    return stop == 0;
  }

  void read_sample() {
    RowShape shape = rows_.shape();
    Index unknowns = 0;
    for (const PartGroup& group : part_groups(network_, all_kinds()))
      unknowns += static_cast<Index>(group.size() * group.size());
    const auto wanted =
        std::max(static_cast<std::size_t>(parameters_.rows), 2 * static_cast<std::size_t>(unknowns) / shape.outputs);
    shape.rows = std::min(shape.rows, wanted);
    std::vector<float> inputs(shape.rows * shape.width);
    std::vector<float> predictions(shape.rows * shape.outputs);
    rows_.read(0, shape.rows, inputs, predictions);
    using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto count = static_cast<Index>(shape.rows);
    sample_.inputs = Eigen::Map<const Floats>(inputs.data(), count, static_cast<Index>(shape.width)).cast<double>();
    sample_.predictions =
        Eigen::Map<const Floats>(predictions.data(), count, static_cast<Index>(shape.outputs)).cast<double>();
    sample_.weights = weights_of(sample_.predictions);
  }

  [[nodiscard]] std::set<PartKind> all_kinds() const {
    std::set<PartKind> kinds = unrelated_;
    kinds.insert(doubtful_.begin(), doubtful_.end());
    return kinds;
  }

  /// A search with this network, known on rank 0; what it came to. Keeps the order of the least error.
  double search(const NetworkF64& network) {
    SolveOptions options = options_;
    options.islands = 1;
    options.candidate_groups = options.row_groups = 0;
    options.max_evaluations = evaluations_;
    options.seed += static_cast<std::uint64_t>(searches_++);
    options.time_limit = half_of_the_time_left();
    if (options.start == "auto" && !best_.permutation.empty()) {
      options.start = "given";
      options.given_permutation = best_.permutation;
    }
    Network folded;
    world_.agree([&] {
      if (world_.root()) folded = narrowed(fold(network));
    });
    Solution found = solve(world_, folded, rows_, options, quiet_);
    solved_ = is_answer(found.status);
    const double error = found.mse;
    last_ = found.assembly;
    if (found.mse < best_.mse || best_.permutation.empty() || solved_) best_ = std::move(found);
    return error;
  }

  /// One search for each form that is open; `network_` becomes the one of the least error.
  void choose_form() {
    evaluations_ = parameters_.evaluations;
    std::vector<int> count{0};
    std::vector<NetworkF64> forms;
    world_.agree([&] {
      if (!world_.root()) return;
      forms = possible_forms();
      count[0] = static_cast<int>(forms.size());
    });
    world_.broadcast(count);
    forms.resize(static_cast<std::size_t>(count[0]));
    double least = std::numeric_limits<double>::infinity();
    std::size_t best = 0;
    Solution best_solution;
    for (std::size_t i = 0; i < forms.size() && !solved_ && (i == 0 || goes_on()); ++i) {
      best_ = {};
      const double error = search(world_.root() ? with_means(forms[i], unrelated_) : forms[i]);
      if (!(error < least) && !solved_ && i > 0) continue;
      least = error;
      best = i;
      best_solution = best_;
    }
    best_ = best_solution;
    last_ = best_.assembly;
    std::vector<int> with_parts{unrelated_.empty() ? 1 : 0};
    world_.broadcast(with_parts);
    solved_ = solved_ && with_parts[0] != 0;
    if (!world_.root()) return;
    form_chosen_ = forms.size() > 1;
    network_ = std::move(forms[best]);
  }

  /// Gates and expand pieces are one tensor each, the same way round in all blocks.
  [[nodiscard]] bool is_fused() const {
    return std::ranges::any_of(network_.pieces, [](const PieceF64& piece) { return !piece.gate_weight.empty(); });
  }

  [[nodiscard]] std::vector<NetworkF64> possible_forms() const {
    std::vector<NetworkF64> forms{network_};
    if (open_.kinds) {
      forms.clear();
      std::vector<Norm> norms = norms_but(Norm::none);
      std::ranges::reverse(norms);
      for (const Norm norm : norms) forms.push_back(as_norms(norm));
      forms.push_back(as_scales());
    }
    if (open_.norm && !open_.kinds) {
      for (const Norm norm : norms_but(network_.form.any_norm())) {
        forms.push_back(network_);
        forms.back().form = network_.form.with_norm(norm);
      }
    }
    if (!open_.gates || !is_fused()) return forms;
    const std::size_t count = forms.size();
    for (std::size_t i = 0; i < count; ++i) {
      NetworkF64 turned = forms[i];
      for (std::size_t p = 0; p < turned.pieces.size(); ++p) {
        if (!turned.pieces[p].gate_weight.empty()) turn_gates(turned, static_cast<int>(p));
      }
      forms.push_back(std::move(turned));
    }
    return forms;
  }

  /// The flat parts of blocks given to the pieces that expand, or that compress, in any order.
  [[nodiscard]] NetworkF64 given_to(PartKind kind, PartOwner side) const {
    NetworkF64 network = network_;
    std::vector<int> owners;
    std::set<int> gates;
    const std::size_t width = rows_.shape().width;
    for (const PieceF64& piece : network.pieces) {
      const bool is_head = piece.in == width && piece.out == rows_.shape().outputs;
      if (is_head || (side == PartOwner::compress) != (piece.out == width)) continue;
      owners.push_back(piece.index);
    }
    std::size_t next = 0;
    for (BasicPart<double>& part : network.parts) {
      if (part.kind != PartKind::norm && part.kind != PartKind::scale) continue;
      part.kind = kind;
      part.owner = owners.at(next++);
    }
    return network;
  }
  [[nodiscard]] NetworkF64 as_norms(Norm norm) const {
    NetworkF64 network = given_to(PartKind::norm, PartOwner::expand);
    network.form.norm = norm;
    return network;
  }
  [[nodiscard]] NetworkF64 as_scales() const {
    NetworkF64 network = given_to(PartKind::scale, PartOwner::compress);
    network.form.norm = Norm::none;
    return network;
  }

  /// Parts anew at the order of the last search, where that lowers the error. On rank 0; false where they stay.
  bool improve() {
    double least =
        first_ ? std::numeric_limits<double>::infinity() : PartFit(network_, last_, sample_, parameters_).error();
    const bool any = open_.gates && !is_fused() && turn(least);
    const bool moved = place(least);
    first_ = false;
    return any || moved;
  }

  bool turn(double& least) {
    PartFit fit(network_, last_, sample_, parameters_);
    const std::vector<int> owners = fit.find_turns();
    if (owners.empty()) return false;
    for (const int owner : owners) {
      turn_gates(network_, owner);
      const int index = network_.index_of(owner);
      if (!turned_.insert(index).second) turned_.erase(index);
    }
    least = PartFit(network_, last_, sample_, parameters_).error();
    return true;
  }

  bool place(double& least) {
    const std::vector<PartGroup> groups = part_groups(network_, all_kinds());
    if (groups.empty()) return false;
    NetworkF64 best = network_;
    bool found = false;
    for (const bool equal : {true, false}) {
      if (!equal && first_ && !unrelated_.empty()) continue;
      const std::vector<std::vector<int>> places =
          PartFit(network_, last_, sample_, parameters_).find_places(groups, equal);
      NetworkF64 other = network_;
      for (std::size_t g = 0; g < groups.size(); ++g) {
        for (std::size_t i = 0; i < groups[g].size(); ++i) {
          const std::size_t from = groups[g][static_cast<std::size_t>(places[g][i])];
          other.parts[groups[g][i]].piece = network_.parts[from].piece;
        }
      }
      const double error = PartFit(other, last_, sample_, parameters_).error();
      if (!(error < least)) continue;
      least = error;
      best = std::move(other);
      found = true;
    }
    network_ = std::move(best);
    return found;
  }

  [[nodiscard]] std::string describe() const {
    std::map<int, std::pair<PartKind, int>> before;
    for (const BasicPart<double>& part : original_.parts) before[part.piece.index] = {part.kind, part.owner};
    std::size_t moved = 0;
    for (const BasicPart<double>& part : network_.parts) {
      const auto found = before.find(part.piece.index);
      if (found == before.end() || found->second != std::pair(part.kind, part.owner)) ++moved;
    }
    std::string text = "by the data, " + std::to_string(moved) + " of " + std::to_string(network_.parts.size()) +
                       " parts belong elsewhere than the weights say";
    if (form_chosen_) text.append(", and blocks are of the form that leaves the least error");
    return text.append(solved_ ? "" : "; what is found so does not reproduce the predictions yet");
  }

  const mpi::Comm& world_;
  NetworkF64& network_;
  const OpenParts& open_;
  RowSource& rows_;
  SolveOptions& options_;
  QuietObserver quiet_;
  PartChoiceParameters parameters_;
  NetworkF64 original_;
  std::set<PartKind> unrelated_, doubtful_;
  std::set<int> turned_;  // expand pieces whose numbers are now the gate's of before
  PartSample sample_;
  Assembly last_;
  Solution best_;
  std::int64_t evaluations_ = 0;
  int searches_ = 0;
  bool solved_ = false;
  bool first_ = true;
  bool form_chosen_ = false;
  double seconds_limit_ = options_.time_limit;
  Stopwatch since_start_;
};

}  // namespace

std::string settle_parts(const mpi::Comm& world, NetworkF64& network, const OpenParts& open, RowSource& rows,
                         SolveOptions& options, SolveObserver& observer) {
  const kernels::FlushDenormals flushed;
  return PartChoice(world, network, open, rows, options, observer).run();
}

}  // namespace kintsugi
