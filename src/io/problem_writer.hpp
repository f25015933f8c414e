#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi {

/// Sizes of a piece that is still to come.
struct PieceShape {
  std::size_t out = 0;
  std::size_t in = 0;
  bool bias = true;
  /// Of a part: which, and the index of the piece that it belongs to. Gains and scales have `in` = 1.
  std::optional<PartKind> part = std::nullopt;
  int owner = 0;
};

/// What a problem.h5 will hold.
struct ProblemLayout {
  Activation activation = Activation::relu;
  BlockForm form;
  std::vector<PieceShape> pieces;  ///< by index
  RowShape rows;
  bool targets = false;
  Provenance provenance;
};

/// Writes a problem.h5 of float32 numbers part by part, in any order, for problems too large to be held in memory; the
/// format is that of write_problem(). Equal parts give equal bytes, in whatever order they come. The file appears under
/// its name when finish() is reached, as a whole, or not at all. Not collective. Every member throws InternalError
/// where the disk does not take it.
class ProblemWriter {
 public:
  /// Lays the file out and claims its space on the disk. Throws UsageError where `path` cannot be a file.
  ProblemWriter(const std::filesystem::path& path, const ProblemLayout& layout);
  ~ProblemWriter();
  ProblemWriter(const ProblemWriter&) = delete;
  ProblemWriter& operator=(const ProblemWriter&) = delete;

  /// The piece that goes to piece.index.
  void write_piece(const Piece& piece);
  /// Whole rows from `first` on, row-major.
  void write_inputs(std::size_t first, std::span<const float> values);
  void write_predictions(std::size_t first, std::span<const float> values);
  void write_targets(std::size_t first, std::span<const float> values);

  /// Puts the file in place. Throws InternalError where a part is missing.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kintsugi
