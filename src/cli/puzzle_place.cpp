#include "cli/puzzle_place.hpp"

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/build_info.hpp"
#include "core/fold.hpp"
#include "core/part_rules.hpp"
#include "io/import.hpp"
#include "io/unpack.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "pairing/extra.hpp"

namespace kintsugi::cli {

namespace fs = std::filesystem;

namespace {

/// Where the pieces and the table of a puzzle are.
struct PuzzlePlace {
  fs::path pieces;  // a folder, or a file with all layers
  fs::path data;
  bool wants_table = true;
  std::optional<ScratchFolder> scratch;  // what was unpacked
};

std::string lower_name(const fs::path& file) {
  std::string name = file.filename().string();
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

/// A name without the ending of a compression.
std::string unpacked_name(std::string name) {
  for (const std::string_view ending : {".gz", ".zst", ".bz2", ".xz", ".lz4"}) {
    if (name.ends_with(ending)) name.erase(name.size() - ending.size());
  }
  return name;
}

template <std::size_t count>
bool ends_with_any(const std::string& name, const std::array<std::string_view, count>& endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_hidden(const fs::path& file) { return file.filename().string().starts_with('.'); }

/// What this program leaves in a puzzle's folder.
bool is_own(const std::string& name) {
  return name == "problem.h5" || name == "solution.h5" || name == "solved.pth" || name.ends_with(".problem.h5") ||
         name.ends_with(".solution.h5") || name.ends_with(".solved.pth");
}

bool is_text_table(const fs::path& file) {
  constexpr std::array<std::string_view, 4> kEndings{".csv", ".tsv", ".tab", ".dat"};
  return ends_with_any(unpacked_name(lower_name(file)), kEndings);
}

/// Files that may be a table or layers: what is in them decides.
bool may_be_layers(const fs::path& file) {
  constexpr std::array<std::string_view, 8> kEndings{".pth", ".pt",  ".safetensors", ".npz",
                                                     ".npy", ".bin", ".ckpt",        ".onnx"};
  return ends_with_any(lower_name(file), kEndings);
}

bool may_be_table(const fs::path& file) {
  constexpr std::array<std::string_view, 10> kEndings{".npz", ".npy",  ".pt",      ".pth",  ".safetensors",
                                                      ".h5",  ".hdf5", ".parquet", ".xlsx", ".mat"};
  return is_text_table(file) || ends_with_any(lower_name(file), kEndings);
}

/// A table by its name, where more than one file may be it.
bool is_named_like_data(const fs::path& file) {
  const std::string name = lower_name(file);
  return name.starts_with("historical_data") || name.starts_with("data") || name.starts_with("table") ||
         name.starts_with("rows");
}

struct Listing {
  std::vector<fs::path> files;  // by name; hidden ones and the program's own left out
  std::vector<fs::path> folders;
};

Listing list(const fs::path& folder) {
  Listing listing;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    const bool is_folder = entry->is_directory(ignored);
    if (is_hidden(entry->path()) || entry->path().filename() == "__MACOSX") continue;
    if (is_folder) listing.folders.push_back(entry->path());
    if (!is_folder && !is_own(lower_name(entry->path()))) listing.files.push_back(entry->path());
  }
  if (error) throw InputError(folder.string() + ": cannot be read: " + error.message());
  std::ranges::sort(listing.files);
  std::ranges::sort(listing.folders);
  return listing;
}

/// Files that may hold layers, those left out that are named like data.
std::vector<fs::path> layer_files(const Listing& listing) {
  std::vector<fs::path> files;
  std::ranges::copy_if(listing.files, std::back_inserter(files),
                       [](const fs::path& file) { return may_be_layers(file) && !is_named_like_data(file); });
  return files;
}

/// As many of them as make a folder of pieces beyond doubt.
bool is_piece_folder(const Listing& listing) {
  constexpr std::size_t kFewest = 3;
  return layer_files(listing).size() >= kFewest;
}

std::string names_of(const std::vector<fs::path>& files) {
  constexpr std::size_t kNamed = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(files.size(), kNamed); ++i) {
    text.append(i == 0 ? "" : ", ").append(files[i].filename().string());
  }
  return files.size() > kNamed ? text + ", ..." : text;
}

constexpr const char* kSayWhich = "; say which: kintsugi import PIECES DATA -o problem.h5";

/// Of the files in a folder, the one that is the table; empty: none is.
template <class Kind>
fs::path the_table(const std::vector<fs::path>& files, const fs::path& pieces, const fs::path& folder,
                   const Kind& kind) {
  std::vector<fs::path> tables;
  std::ranges::copy_if(files, std::back_inserter(tables),
                       [&](const fs::path& file) { return file != pieces && kind(file); });
  if (tables.size() > 1) {
    std::vector<fs::path> named;
    std::ranges::copy_if(tables, std::back_inserter(named), is_named_like_data);
    if (named.size() != 1) {
      throw InputError(folder.string() + ": more than one file may be the table: " + names_of(tables) + kSayWhich);
    }
    return named.front();
  }
  return tables.empty() ? fs::path() : tables.front();
}

/// Text first; then files of arrays.
fs::path table_in(const fs::path& folder, const Listing& listing, const fs::path& pieces) {
  fs::path table = the_table(listing.files, pieces, folder, is_text_table);
  if (!table.empty()) return table;
  // Pieces in the folder itself are no tables, but for one that is called so.
  if (pieces == folder) {
    return the_table(listing.files, pieces, folder, [](const fs::path& file) {
      return may_be_table(file) && (!may_be_layers(file) || is_named_like_data(file));
    });
  }
  return the_table(listing.files, pieces, folder, may_be_table);
}

/// The one folder, this or below, that holds pieces; else the one file that holds layers.
fs::path pieces_in(const fs::path& folder, const Listing& listing) {
  const std::vector<fs::path> here = layer_files(listing);
  std::vector<fs::path> places;
  const auto add_below = [&](std::size_t fewest) {
    for (const fs::path& below : listing.folders) {
      if (layer_files(list(below)).size() >= fewest) places.push_back(below);
    }
  };
  if (is_piece_folder(listing)) places.push_back(folder);
  add_below(2);
  // Two may be shards, or one of them the table; the reader of folders knows more.
  if (places.empty() && !here.empty()) places.push_back(here.size() == 1 ? here.front() : folder);
  if (places.empty()) add_below(1);
  // Of files that it does not know, the reader of folders says what they are.
  if (places.empty() && !listing.files.empty()) places.push_back(folder);
  if (places.empty()) {
    throw InputError(folder.string() + ": holds no pieces, here or one folder below (files like piece_0.pth, or one " +
                     ".pth, .safetensors or .npz file with all layers); it has " +
                     (listing.folders.empty() ? "nothing at all" : "the folders " + names_of(listing.folders)));
  }
  if (places.size() > 1) {
    throw InputError(folder.string() + ": more than one place may hold the pieces: " + names_of(places) + kSayWhich);
  }
  return places.front();
}

/// Down through folders that hold nothing but one folder, as archives have them.
fs::path innermost(fs::path folder) {
  constexpr int kDeepest = 4;
  for (int depth = 0; depth < kDeepest; ++depth) {
    const Listing listing = list(folder);
    const bool is_wrapper =
        listing.folders.size() == 1 && listing.files.empty() && !is_piece_folder(list(listing.folders[0]));
    if (!is_wrapper) break;
    folder = listing.folders[0];
  }
  return folder;
}

fs::path find_table(const fs::path& folder, const Listing& listing, const fs::path& pieces) {
  fs::path table = table_in(folder, listing, pieces);
  std::error_code ignored;
  // With the pieces, or in the one other folder.
  if (table.empty() && pieces != folder && fs::is_directory(pieces, ignored))
    table = table_in(pieces, list(pieces), pieces);
  for (const fs::path& below : listing.folders) {
    if (table.empty() && below != pieces) table = table_in(below, list(below), pieces);
  }
  if (table.empty()) {
    throw InputError(folder.string() + ": has pieces (" + pieces.filename().string() +
                     ") but no table of inputs and predictions beside them (a .csv file, say)" + kSayWhich +
                     ", or --without-predictions");
  }
  return table;
}

void search_folder(const fs::path& path, const fs::path& data, PuzzlePlace& place) {
  const fs::path folder = innermost(path);
  const Listing listing = list(folder);
  if (!data.empty()) {
    // A folder of pieces may be given as it is.
    place.pieces = layer_files(listing).empty() ? pieces_in(folder, listing) : folder;
    place.data = data;
    return;
  }
  place.pieces = pieces_in(folder, listing);
  if (!place.wants_table) return;
  // The folder of pieces was given, and the table lies beside it.
  if (place.pieces == folder && table_in(folder, listing, folder).empty()) {
    const fs::path above = fs::absolute(folder).lexically_normal().parent_path();
    place.data = table_in(above, list(above), folder);
    if (!place.data.empty()) return;
  }
  place.data = find_table(folder, listing, place.pieces);
}

void find_puzzle(const fs::path& path, const fs::path& data, PuzzlePlace& place) {
  std::error_code ignored;
  if (is_archive(path)) {
    // Under the archive's name, which stays in what is known of the pieces.
    const fs::path folder = place.scratch.emplace().path() / path.stem();
    fs::create_directory(folder, ignored);
    unpack(path, folder);
    search_folder(folder, data, place);
  } else if (fs::is_directory(path, ignored)) {
    search_folder(path.has_filename() ? path : path.parent_path(), data, place);
  } else {
    place.pieces = path;
    place.data = data;
    if (!data.empty() || !place.wants_table) return;
    const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
    if (!fs::exists(path, ignored)) throw InputError(path.string() + ": cannot be opened: no such file or folder");
    place.data = find_table(folder, list(folder), folder / path.filename());
  }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "kintsugi-XXXXXX").string();
  if (error || mkdtemp(name.data()) == nullptr)
    throw InternalError("no folder can be made for what is unpacked: " + name);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

namespace {

void read_network(const fs::path& path, std::optional<Activation> activation, Puzzle& puzzle, FormHints& hints) {
  ImportNotes notes;
  puzzle.network = read_pieces(path, activation.value_or(Activation::relu), &notes);
  puzzle.notes = std::move(notes.left_out);
  puzzle.names_activation = notes.activation.has_value();
  if (!hints.norm) hints.norm = notes.norm;
  if (!hints.head_norm) hints.head_norm = notes.head_norm;
  if (!hints.eps) hints.eps = notes.norm_eps;
  if (!notes.activation) return;
  if (activation && *activation != *notes.activation) {
    throw InputError(path.string() + ": has the activation " + std::string(to_string(*notes.activation)) +
                     ", but --activation is " + std::string(to_string(*activation)));
  }
  puzzle.network.activation = *notes.activation;
}

/// What no predictions say: the outputs, and without any inputs the width.
void shape_by_pieces(const NetworkF64& network, RowShape& shape) {
  std::vector<PieceSize> sizes;
  sizes.reserve(network.pieces.size());
  for (const PieceF64& piece : network.pieces) {
    if (piece.in != 0) sizes.push_back({piece.out, piece.in});
  }
  const std::size_t rows = shape.rows;
  shape = shape_of_pieces(sizes, shape.width);
  shape.rows = rows;
}

/// Takes the pieces out that cannot be in one network with the others, and says so.
void leave_out_extra(Puzzle& puzzle) {
  std::vector<PieceF64>& pieces = puzzle.network.pieces;
  const std::vector<int> extra = find_extra_pieces(narrowed(puzzle.network), puzzle.table.rows.shape);
  for (auto position = extra.rbegin(); position != extra.rend(); ++position) {
    const auto at = pieces.begin() + *position;
    puzzle.left_out.push_back(at->index);
    std::string note = "piece ";
    note.append(std::to_string(at->index)).append(" (").append(at->source).append(") [");
    note.append(std::to_string(at->out)).append(" x ").append(std::to_string(at->in));
    puzzle.notes.push_back(note + "] is left out: the other pieces leave none that it could make a block with");
    pieces.erase(at);
  }
  std::ranges::sort(puzzle.left_out);
}

/// Norms, gates and scales to their blocks.
void sort_parts(Puzzle& puzzle, const FormHints& hints, bool allow_extra, bool ask_data,
                const GrammarParameters& parameters) {
  const auto vector = std::ranges::find(puzzle.network.pieces, 0U, &PieceF64::in);
  if (!allow_extra) {
    puzzle.network = group_parts(std::move(puzzle.network), puzzle.table.rows.shape, hints, puzzle.notes,
                                 ask_data ? &puzzle.open_parts : nullptr, parameters);
    const auto is_plain_norm = [](const BasicPart<double>& part) {
      return (part.kind == PartKind::norm || part.kind == PartKind::head_norm) && part.piece.bias.empty();
    };
    puzzle.norm_open = !hints.norm && std::ranges::any_of(puzzle.network.parts, is_plain_norm);
    if (!puzzle.open_parts.any()) return;
    // Both are tried together with the parts' places.
    puzzle.open_parts.norm = std::exchange(puzzle.norm_open, false);
  } else if (vector != puzzle.network.pieces.end()) {
    throw InputError(vector->source +
                     ": has one dimension, as the gain of a norm or the scale of a residual; pieces "
                     "are not left out (--allow-extra) of networks that have some");
  }
}

/// Each file that was read, or may have been: what this program left among them is none.
std::vector<fs::path> inputs_of(const PuzzlePlace& place) {
  std::vector<fs::path> inputs;
  if (!place.data.empty()) inputs.push_back(place.data);
  std::error_code ignored;
  if (fs::is_directory(place.pieces, ignored)) {
    std::ranges::move(list(place.pieces).files, std::back_inserter(inputs));
  } else {
    inputs.push_back(place.pieces);
  }
  return inputs;
}

}  // namespace

Puzzle read_puzzle(const fs::path& path, const fs::path& data, TableOptions columns,
                   std::optional<Activation> activation, bool allow_extra, FormHints hints, bool ask_data,
                   const GrammarParameters& grammar) {
  Puzzle puzzle;
  PuzzlePlace place;
  place.wants_table = !columns.without_predictions;
  try {
    find_puzzle(path, data, place);
    read_network(place.pieces, activation, puzzle, hints);
    if (!allow_extra) columns.shapes = possible_shapes(puzzle.network);
    if (!place.data.empty()) puzzle.table = read_table(place.data, columns);
    if (columns.without_predictions) shape_by_pieces(puzzle.network, puzzle.table.rows.shape);
    std::ranges::copy(puzzle.table.notes, std::back_inserter(puzzle.notes));
    sort_parts(puzzle, hints, allow_extra, ask_data && !columns.without_predictions, grammar);
    if (allow_extra) leave_out_extra(puzzle);
    check_network(puzzle.network, puzzle.table.rows.shape);
    puzzle.pieces = place.pieces;
    puzzle.data = place.data;
    puzzle.inputs = inputs_of(place);
  } catch (const InputError& error) {
    if (!place.scratch) throw;
    throw InputError(replaced(error.what(), place.scratch->path().string(), path.string()));
  }
  if (!place.scratch) return puzzle;
  // The folder of what was unpacked is not the same twice.
  const std::string unpacked = place.scratch->path().string();
  const auto outside = [&](const std::string& text) { return replaced(text, unpacked, path.string()); };
  puzzle.pieces = outside(puzzle.pieces.string());
  puzzle.data = outside(puzzle.data.string());
  puzzle.inputs = {path};
  for (PieceF64& piece : puzzle.network.pieces) piece.source = outside(piece.source);
  for (BasicPart<double>& part : puzzle.network.parts) part.piece.source = outside(part.piece.source);
  return puzzle;
}

void write_puzzle(const fs::path& path, const Puzzle& puzzle, bool with_times) {
  Provenance provenance = provenance_of_run(with_times);
  if (!puzzle.data.empty()) provenance["source_data"] = puzzle.data.string();
  provenance["source_pieces"] = puzzle.pieces.string();
  // Readers allow for gaps in the indices where this says so.
  if (!puzzle.left_out.empty()) provenance["left_out"] = format_permutation(puzzle.left_out);
  std::string guessed;
  std::set<PartKind> open = puzzle.open_parts.unrelated;
  open.insert(puzzle.open_parts.doubtful.begin(), puzzle.open_parts.doubtful.end());
  if (puzzle.open_parts.unsure_gates) open.insert(PartKind::gate);
  for (const PartKind kind : open) guessed.append(guessed.empty() ? "" : ", ").append(to_string(kind)).append("s");
  if (!guessed.empty()) provenance["guessed_parts"] = guessed;
  write_problem(path, puzzle.network, puzzle.table.rows, provenance);
}

bool is_problem_path(const fs::path& path) {
  constexpr std::string_view kHdf5("\x89HDF\r\n\x1a\n", 8);
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (!fs::exists(status)) return true;  // what reads it says so
  if (!fs::is_regular_file(status)) return false;
  std::array<char, kHdf5.size()> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  const std::string name = lower_name(path);
  return std::string_view(start.data(), static_cast<std::size_t>(file.gcount())) == kHdf5 || name.ends_with(".h5") ||
         name.ends_with(".hdf5") || (!is_archive(path) && !may_be_layers(path));
}

}  // namespace kintsugi::cli
