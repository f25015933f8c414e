#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kintsugi/core/activation.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "synth/problem.hpp"

namespace kintsugi {

/// How the Frobenius norm of W_out goes with depth.
enum class DepthTrend { none, growing, shrinking };

[[nodiscard]] std::string_view to_string(DepthTrend trend);
/// Throws UsageError that lists the known names.
[[nodiscard]] DepthTrend parse_depth_trend(std::string_view name);

/// What a planted network looks like.
struct PlantedOptions {
  std::size_t blocks = 48;  ///< L
  std::size_t width = 48;   ///< d
  std::vector<std::size_t> hidden = {
      96};                  ///< hidden sizes of the blocks in depth order, repeated from the start where too short
  std::size_t outputs = 1;  ///< k
  Activation activation = Activation::relu;
  GrammarOptions grammar = {};
  bool biases = true;       ///< of the blocks and the head
  std::size_t rows = 4000;  ///< N
  std::uint64_t seed = 1;

  /// Expected |tr(W_out W_in)| / ||W_out W_in||_F of the true pairs, whose trace is negative. 0: none. Wrong pairs
  /// scatter with a standard deviation of about 1 / sqrt(d). At most sqrt(h d / (h + d)) times sqrt(3/4).
  double pair_signal = 2;
  DepthTrend depth = DepthTrend::growing;
  double depth_range =
      1;  ///< natural logarithm of the last norm of W_out over the first; >= 0; no meaning without a trend
  double depth_jitter = 0.05;  ///< standard deviation of the logarithm of the norm of W_out about its trend
  /// Standard deviation over the features of the logarithms by which the columns of W_in and the rows of W_out are
  /// scaled; each one's goes smoothly with depth, so that neighbours are alike as in trained networks. 0: none.
  double drift = 0;
  /// Root mean square of a block's residual relative to the state's: the smaller, the more nearly blocks commute. 0:
  /// the smaller of 0.1 and 1 / sqrt(L), which keeps the states' size through any number of blocks.
  double residual = 0;
  std::size_t copies = 0;  ///< blocks that are exact copies of another; < L
  double noise = 0;        ///< standard deviation of noise added to the predictions, relative to theirs
  int decimals = -1;       ///< predictions are rounded to so many decimals; < 0: not
};

/// The pieces and rows of a planted network, each a pure function of the options and its number, made when asked for: a
/// large network need never be in memory as a whole.
///
/// W_in is Gaussian. W_out mixes a Gaussian matrix with -(I - Q Q^T) W_in^T, in the share that gives `pair_signal`, and
/// is scaled to the norm that depth, jitter and residual ask for. The last pulls a state towards zero at every block,
/// as trained networks do; the directions Q, a quarter of the width and the same for all blocks, are left out of it and
/// carry the rows' differences through any depth.
///
/// Of what a grammar adds: gates are Gaussian as W_in is, and the norms of their rows go with those of W_in's rows and
/// of W_out's columns. The gain of a norm scatters about 1, and the norms of the columns that it belongs to go with it;
/// so do a residual's scale and the norms of the rows of W_out. Gradient descent leaves both like that, since the
/// difference of their squares does not change along it.
class PlantedRecipe {
 public:
  /// Throws UsageError that names the option, the rule and the value.
  explicit PlantedRecipe(PlantedOptions options);

  [[nodiscard]] const PlantedOptions& options() const { return options_; }
  [[nodiscard]] std::size_t hidden(std::size_t block) const;
  /// Block `block` in depth order, with float32 weights.
  [[nodiscard]] ResidualBlock block(std::size_t block) const;
  /// The head, whose weights are multiplied by `scale` before they are rounded to float32.
  [[nodiscard]] Piece head(double scale) const;
  /// The norm before it, where that has a gain.
  [[nodiscard]] std::optional<Piece> head_norm() const;
  /// Rows [first, first + count) of the inputs, row-major [count x d]: standard normal.
  void inputs(std::size_t first, std::size_t count, std::span<float> values) const;
  /// Turns exact predictions of the rows from `first` on, row-major [count x k], into those of the problem: noise,
  /// rounding, float32.
  void finish_predictions(std::size_t first, std::span<const double> exact, std::span<float> values) const;

 private:
  PlantedOptions options_;
  std::vector<double> basis_;           ///< Q, column-major [d x d/4]
  std::vector<std::size_t> originals_;  ///< the block whose weights block t has
};

/// Takes the parts of a planted problem as they are made: on rank 0 only, but for progress().
class PlantedSink {
 public:
  virtual ~PlantedSink() = default;
  /// On every rank, when so many blocks are done. What it throws on all ranks alike ends the making.
  virtual void progress(std::size_t /*blocks*/) {}
  /// The blocks in depth order.
  virtual void block(std::size_t number, ResidualBlock block) = 0;
  virtual void head(Piece head, std::optional<Piece> norm) = 0;
  /// Rows [first, first + inputs.size() / d), ascending.
  virtual void rows(std::size_t first, std::span<const float> inputs, std::span<const float> predictions) = 0;
};

/// Makes a planted problem. Predictions are those of the float32 weights, evaluated in float64, before noise and
/// rounding; the head is scaled so that they have unit standard deviation. A rank holds one block at a time, and the
/// states of its share of the rows.
///
/// Collective; the recipe is the same on all ranks. The parts that `sink` gets do not depend on
/// the number of ranks. Throws UsageError on all ranks where `residual` makes the states explode or vanish.
TruthError plant_network(const mpi::Comm& comm, const PlantedRecipe& recipe, PlantedSink& sink);

/// The same in memory, on this rank alone (not collective, but MPI must be running).
[[nodiscard]] SyntheticProblem plant_network(const PlantedOptions& options);

}  // namespace kintsugi
