#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "synth/planted.hpp"

namespace kintsugi::testing {

/// A shuffled network whose answer is known. Piece indices equal positions.
struct PlantedProblem {
  Network network;
  std::shared_ptr<Rows> rows;
  Assembly truth;  ///< positions in network.pieces
};

[[nodiscard]] PlantedProblem make_planted(const PlantedOptions& options);

/// A small one for quick tests: biases, relu, growing norms, a clear pairing signal, hidden size twice the width.
[[nodiscard]] PlantedProblem make_planted(std::size_t blocks, std::size_t width, std::size_t rows,
                                          std::uint64_t seed = 1);

/// A network whose weights say nothing of pairs or depth; hidden size twice the width.
[[nodiscard]] PlantedOptions silent_options(std::size_t blocks, std::size_t width, std::size_t rows);

}  // namespace kintsugi::testing
