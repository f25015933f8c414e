#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/table.hpp"
#include "kintsugi/core/piece.hpp"
#include "pairing/grammar.hpp"

namespace kintsugi::cli {

/// A folder of its own for what need not last; removed with the object.
class ScratchFolder {
 public:
  /// Throws InternalError where there can be none.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Pieces and rows, read and checked.
struct Puzzle {
  NetworkF64 network;
  bool names_activation = false;  ///< the file of layers says which it was written with
  OpenParts open_parts;           ///< which part belongs where, as far as neither names nor weights tell
  bool norm_open = false;         ///< norms may be LayerNorm or RMSNorm: neither pieces nor hints tell
  Table table;
  std::vector<int> left_out;       ///< pieces that can be in no network with the others, by their own indices
  std::vector<std::string> notes;  ///< what was left out, and what was guessed, in sentences
  std::filesystem::path pieces;    ///< where they were, in the archive's name where there was one
  std::filesystem::path data;
  std::vector<std::filesystem::path> inputs;  ///< files and folders that were read, and must not be written over
};

/// Finds pieces and table in `path`, and reads them: a folder with both (pieces in it or in one folder below), an
/// archive of such a folder, or a file or folder of pieces whose table lies beside it. `data`: the table, where it is
/// known; else empty. With `columns.without_predictions` no table is looked for, and `data` may be one of inputs. What
/// kintsugi wrote there is passed over. Throws InputError that says what was found, what is missing or what is wrong,
/// in the archive's name where there is one. `activation`: nothing for the one that the file names, or relu.
/// Norms, gates and scales are sorted out by group_parts(), with `hints`; `ask_data`: what neither names nor weights
/// tell is left open, not refused. `allow_extra`: pieces that cannot all be in one network are left out
/// (find_extra_pieces()) and noted, not refused.
[[nodiscard]] Puzzle read_puzzle(const std::filesystem::path& path, const std::filesystem::path& data,
                                 TableOptions columns, std::optional<Activation> activation, bool allow_extra = false,
                                 FormHints hints = {}, bool ask_data = false, const GrammarParameters& grammar = {});

/// Writes it as a problem file; `with_times`: also where, when and how.
void write_puzzle(const std::filesystem::path& path, const Puzzle& puzzle, bool with_times);

/// Whether `path` is to be taken for a problem file: an HDF5 file, or what is not there at all.
[[nodiscard]] bool is_problem_path(const std::filesystem::path& path);

}  // namespace kintsugi::cli
