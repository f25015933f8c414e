// kintsugi import: pieces and rows of data into one problem file.

#include "kintsugi/io/import.hpp"

#include <iostream>

#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/output_file.hpp"
#include "cli/text.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

namespace {

class ImportCommand final : public Command {
 public:
  std::string name() const override { return "import"; }
  std::string summary() const override { return "Reads a folder of pieces and a table of data into one problem file"; }

  void declare(OptionTable& options) override {
    options.argument("pieces", "PIECES",
                     "folder of PyTorch files, one linear layer each: piece_0.pth, piece_1.pth, ...", path(pieces_));
    options.argument("data", "DATA",
                     "CSV with columns measurement_0, ..., pred (or pred_0, ...) and maybe true (or true_0, ...)",
                     path(data_));
    options.required_option("output,o", "FILE", "the problem file to write (problem.h5)", path(output_));
    std::vector<std::string> activations;
    for (const Activation activation : kActivations) activations.emplace_back(to_string(activation));
    options.option("activation", "NAME", "function between a block's two pieces: " + join(activations, ", "),
                   choice(activation_, activations));
    options.toggle("quiet,q", "print errors only", quiet_);
  }

  ExitCode run(const Settings&) override {
    check_writable(output_);
    const NetworkF64 network = read_pieces(pieces_, parse_activation(activation_));
    const RowsF64 rows = read_csv(data_);
    check_network(network, rows.shape);
    write_problem(output_, network, rows,
                  {{"created_by", "kintsugi " + version()},
                   {"source_data", data_.string()},
                   {"source_pieces", pieces_.string()}});
    if (!quiet_) {
      std::cerr << "wrote " << output_.string() << ": " << count_of(network.pieces.size(), "piece") << ", "
                << count_of(rows.shape.rows, "row") << " of " << rows.shape.width << " inputs and "
                << count_of(rows.shape.outputs, "prediction") << ", " << activation_ << '\n';
    }
    return ExitCode::success;
  }

 private:
  std::filesystem::path pieces_;
  std::filesystem::path data_;
  std::filesystem::path output_;
  std::string activation_ = "relu";
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace kintsugi::cli
