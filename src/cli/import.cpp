// kintsugi import: pieces and rows of data into one problem file.

#include "io/import.hpp"

#include <iostream>

#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/output_file.hpp"
#include "cli/text.hpp"
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
                     path(pieces_));
    options.argument("data", "DATA",
                     "CSV with columns measurement_0, ..., pred (or pred_0, ...) and maybe true (or true_0, ...)",
                     path(data_));
    options.required_option("output,o", "FILE", "the problem file to write (problem.h5)", path(output_));
    options.option("activation", "NAME", "function between a block's two pieces: " + activation_names(),
                   activation(activation_));
    options.toggle("no-times", "leave host, date and command line out of the file, so that files can be compared",
                   no_times_);
    options.toggle("quiet,q", "print errors only", quiet_);
  }

  [[nodiscard]] ExitCode run(const Settings&) override {
    check_writable(output_);
    ImportNotes notes;
    const NetworkF64 network = read_pieces(pieces_, activation_, &notes);
    if (notes.activation.value_or(activation_) != activation_) {
      throw InputError(pieces_.string() + ": has the activation " + std::string(to_string(*notes.activation)) +
                       ", but --activation is " + std::string(to_string(activation_)));
    }
    const RowsF64 rows = read_csv(data_);
    check_network(network, rows.shape);
    Provenance provenance = provenance_of_run(!no_times_);
    provenance["source_data"] = data_.string();
    provenance["source_pieces"] = pieces_.string();
    write_problem(output_, network, rows, provenance);
    if (!quiet_) {
      for (const std::string& note : notes.left_out) std::cerr << "note: " << note << '\n';
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
  Activation activation_ = Activation::relu;
  bool no_times_ = false;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace kintsugi::cli
