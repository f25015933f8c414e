// kintsugi import: pieces and rows of data into one problem file.

#include "io/import.hpp"

#include <iostream>

#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"
#include "io/table.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

namespace {

class ImportCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "import"; }
  [[nodiscard]] std::string summary() const override {
    return "Reads pieces and a table of data into one problem file";
  }

  void declare(OptionTable& options) override {
    options.argument("pieces", "PIECES",
                     "folder of PyTorch files, one linear layer each: piece_0.pth, piece_1.pth, ...; or one .pth, "
                     ".safetensors or .npz file with all layers",
                     input_path(pieces_));
    options.argument(
        "data", "DATA",
        "table with columns measurement_0, ..., pred (or pred_0, ...) and maybe true (or true_0, ...): CSV "
        "and other text, .npy, .npz, .pt, .safetensors, HDF5; - is the standard input",
        input_path(data_));
    options.required_option("output,o", "FILE", "the problem file to write (problem.h5)", output_path(output_));
    options.option("activation", "NAME", "function between a block's two pieces: " + activation_names(),
                   activation(activation_));
    options.option("inputs", "COLUMNS", "the inputs' columns or array: x0..x47, or a,b,c, or by number 1-48, or x_*",
                   text(columns_.inputs));
    options.option("predictions", "COLUMNS", "the predictions' columns or array, in the same forms",
                   text(columns_.predictions));
    options.option("targets", "COLUMNS", "the targets' columns or array, in the same forms", text(columns_.targets));
    options.toggle("no-times", "leave host, date and command line out of the file, so that files can be compared",
                   no_times_);
    options.toggle("quiet,q", "print errors only", quiet_);
  }

  [[nodiscard]] ExitCode run(const Settings&) override {
    ImportNotes notes;
    const NetworkF64 network = read_pieces(pieces_, activation_, &notes);
    if (notes.activation.value_or(activation_) != activation_) {
      throw InputError(pieces_.string() + ": has the activation " + std::string(to_string(*notes.activation)) +
                       ", but --activation is " + std::string(to_string(activation_)));
    }
    columns_.shapes = possible_shapes(network);
    const Table table = read_table(data_, columns_);
    const RowsF64& rows = table.rows;
    check_network(network, rows.shape);
    Provenance provenance = provenance_of_run(!no_times_);
    provenance["source_data"] = data_.string();
    provenance["source_pieces"] = pieces_.string();
    write_problem(output_, network, rows, provenance);
    if (!quiet_) {
      for (const std::string& note : notes.left_out) std::cerr << "note: " << note << '\n';
      for (const std::string& note : table.notes) std::cerr << "note: " << note << '\n';
      std::cerr << "wrote " << output_.string() << ": " << count_of(network.pieces.size(), "piece") << ", "
                << count_of(rows.shape.rows, "row") << " of " << rows.shape.width << " inputs and "
                << count_of(rows.shape.outputs, "prediction") << ", " << to_string(activation_) << '\n';
    }
    return ExitCode::success;
  }

 private:
  std::filesystem::path pieces_;
  std::filesystem::path data_;
  std::filesystem::path output_;
  TableOptions columns_;
  Activation activation_ = Activation::relu;
  bool no_times_ = false;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace kintsugi::cli
