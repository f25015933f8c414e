// kintsugi import: pieces and rows of data into one problem file.

#include <iostream>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/output_file.hpp"
#include "cli/puzzle_place.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

std::vector<std::string> norms_or_auto() {
  std::vector<std::string> names = norm_names();
  names.insert(names.begin(), "auto");
  return names;
}

class ImportCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "import"; }
  [[nodiscard]] std::string summary() const override {
    return "Reads pieces and a table of data into one problem file";
  }
  [[nodiscard]] std::string description() const override {
    return "Reads the pieces and the table, checks that they can be one network with its data, and writes both into "
           "one HDF5 file. Nothing is written where something is wrong; the message names the file and the place.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi import pieces data.csv -o problem.h5", "a folder of PyTorch files and a table"},
            {"kintsugi import puzzle.zip -o problem.h5 --activation gelu", "an archive with both"},
            {"zcat data.csv.gz | kintsugi import pieces - -o problem.h5", "the table from standard input"}};
  }

  void declare(OptionTable& options) override {
    options.argument(
        "pieces", "PIECES",
        "folder of PyTorch files, one linear layer each: piece_0.pth, piece_1.pth, ...; or one .pth, "
        ".safetensors or .npz file with all layers; or a folder or archive (.zip, .tar, .tar.gz) of pieces "
        "and table",
        input_path(pieces_));
    options.optional_argument(
        "data", "DATA",
        "table with columns measurement_0, ..., pred (or pred_0, ...) and maybe true (or true_0, ...): CSV "
        "and other text, .npy, .npz, .pt, .safetensors, HDF5; - is the standard input; without it, the one that lies "
        "with the pieces",
        input_path(data_));
    options.required_option("output,o", "FILE", "the problem file to write (problem.h5)", output_path(output_));
    options.option("activation", "NAME", "function between a block's two pieces: " + activation_names(),
                   activation(activation_));
    options.option("norm", "KIND",
                   "what stands in front of each block: none, layer (LayerNorm), rms (RMSNorm), or auto: none where "
                   "pieces have no gains, else layer where these have biases, else rms",
                   choice(norm_, norms_or_auto()));
    options.option("head-norm", "KIND", "what stands in front of the head, in the same words",
                   choice(head_norm_, norms_or_auto()));
    options.option("norm-eps", "X", "what norms add to the variance or mean square", number(eps_, 0));
    options.option("inputs", "COLUMNS", "the inputs' columns or array: x0..x47, or a,b,c, or by number 1-48, or x_*",
                   text(columns_.inputs));
    options.option("predictions", "COLUMNS", "the predictions' columns or array, in the same forms",
                   text(columns_.predictions));
    options.option("targets", "COLUMNS", "the targets' columns or array, in the same forms", text(columns_.targets));
    options.toggle("without-predictions",
                   "the problem has no predictions, whatever DATA has, and without DATA no table is looked for: it can "
                   "only be solved by its weights",
                   columns_.without_predictions);
    options.toggle("allow-extra",
                   "leave out pieces that cannot be in one network with the others (one without a partner, one whose "
                   "shape fits nowhere), and say which, instead of refusing them",
                   allow_extra_);
    options.toggle("no-times", "leave host, date and command line out of the file, so that files can be compared",
                   no_times_);
    options.toggle("quiet,q", "print errors only", quiet_);
  }

  [[nodiscard]] ExitCode run(const Settings&) override {
    if (!(eps_ > 0)) throw UsageError("option 'norm-eps' must be above 0");
    FormHints hints;
    if (eps_ != kNormEps) hints.eps = eps_;
    if (norm_ != "auto") hints.norm = parse_norm(norm_);
    if (head_norm_ != "auto") hints.head_norm = parse_norm(head_norm_);
    const Puzzle puzzle = read_puzzle(pieces_, data_, columns_, activation_, allow_extra_, hints);
    check_outputs(std::span(&output_, 1), puzzle.inputs);
    write_puzzle(output_, puzzle, !no_times_);
    if (quiet_) return ExitCode::success;
    const RowShape& rows = puzzle.table.rows.shape;
    if (data_.empty() && !puzzle.data.empty())
      std::cerr << "pieces from " << printable(puzzle.pieces.string()) << ", table from "
                << printable(puzzle.data.string()) << '\n';
    for (const std::string& note : puzzle.notes) std::cerr << "note: " << printable(note) << '\n';
    std::cerr << "wrote " << printable(output_.string()) << ": "
              << count_of(puzzle.network.pieces.size() + puzzle.network.parts.size(), "piece") << ", "
              << count_of(rows.rows, "row") << " of " << rows.width << " inputs and "
              << (columns_.without_predictions ? "no predictions" : count_of(rows.outputs, "prediction")) << ", "
              << to_string(activation_) << '\n';
    return ExitCode::success;
  }

 private:
  std::filesystem::path pieces_;
  std::filesystem::path data_;
  std::filesystem::path output_;
  TableOptions columns_;
  Activation activation_ = Activation::relu;
  std::string norm_ = "auto";
  std::string head_norm_ = "auto";
  double eps_ = kNormEps;
  bool allow_extra_ = false;
  bool no_times_ = false;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace kintsugi::cli
