#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// What the user should know of the files that pieces came from.
struct ImportNotes {
  std::vector<std::string> left_out;     ///< counters, an optimizer's state and the like, in sentences
  std::optional<Activation> activation;  ///< that a model of kintsugi export or a whole module names
  std::optional<Norm> norm;              ///< that a model of kintsugi export names
  std::optional<Norm> head_norm;
  std::optional<double> norm_eps;
};

/// The anonymous pieces in a folder or in one file, by their content, those of one dimension with `in` = 0; see
/// read_piece_folder(), open_model() and pieces_of(). No code is ever run, and sizes are checked before memory is asked
/// for. Throws InputError that names the file and the rule.
[[nodiscard]] NetworkF64 read_pieces(const std::filesystem::path& path, Activation activation,
                                     ImportNotes* notes = nullptr);

struct PieceSize {
  std::size_t out = 0;
  std::size_t in = 0;
};

/// Width and outputs of the network that pieces of these sizes make up, where no predictions say so; no rows. `width`:
/// of the inputs, 0 where there are none. Throws InputError where they make up none.
[[nodiscard]] RowShape shape_of_pieces(std::span<const PieceSize> pieces, std::size_t width);

/// Checks that pieces and rows can belong together, by shapes alone, where parts are sorted out: one width, block
/// shapes that pair up, exactly one head. Where shapes are ambiguous (h = d, h = k or k = d), refuses only what is
/// impossible in every reading. Throws InputError that names the piece and the rule.
void check_network(const NetworkF64& network, const RowShape& rows);

}  // namespace kintsugi
