#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "mpi/node_memory.hpp"

namespace kintsugi {

class LinearModel;

/// A linear model's pair effects and row errors, for a search on the model alone. Blocks go by their positions at the
/// point of linearisation. The ranks of a node hold one table together, where they can share memory; else each has its
/// own.
class EffectTable {
 public:
  std::size_t blocks = 0;
  std::size_t rows = 0;  ///< entries of a vector: rows times channels, filled up with zeros to whole tiles
  std::span<const float>
      effects;                 ///< [blocks (blocks - 1) / 2][rows]: D(a, b), a < b, see pair() and kernels/screen.hpp
  kernels::TileBuffer errors;  ///< [rows]
  std::span<const double> sizes;  ///< mean square of each effect, as an MSE
  double to_mse = 0;              ///< the MSE by the sum of the errors' squares

  /// Gathers the effects and errors at the model's point of linearisation (two blocks or more), of the first tiles as
  /// far as effects take at most `most_bytes`, see MemoryBudget::table; of one tile at least. What was gathered before
  /// is lost on all ranks of a node. Collective over the evaluator's island, always the same one.
  void gather(const LinearModel& model, std::size_t most_bytes);

  /// Index of D(a, b), a < b.
  [[nodiscard]] std::size_t pair(std::size_t a, std::size_t b) const {
    return a * (2 * blocks - a - 1) / 2 + b - a - 1;
  }
  [[nodiscard]] const float* effect(std::size_t a, std::size_t b) const { return effects.data() + pair(a, b) * rows; }

 private:
  /// Pairs that this rank fills in: of a table of its own, all.
  struct Part {
    std::size_t first = 0;
    std::size_t last = 0;
  };

  /// Room for the table; `effects` and `sizes` lie there.
  void place(const mpi::Comm& island, std::size_t pairs);
  [[nodiscard]] Part part(std::size_t pairs) const;
  /// The ranks that share the table have come here. Collective over them.
  void meet() const;
  void measure(const Part& mine, double base_error);

  std::optional<mpi::Comm> node_;
  std::unique_ptr<mpi::NodeMemory> memory_;  // null: `own_` is used
  kernels::TileBuffer own_;
  float* room_ = nullptr;  // of the effects, and of the sizes behind them
  std::size_t room_bytes_ = 0;
};

}  // namespace kintsugi
