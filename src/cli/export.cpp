// kintsugi export: the network put together, as a state dict that PyTorch loads.

#include <iostream>

#include "cli/command.hpp"
#include "cli/reference.hpp"
#include "cli/text.hpp"
#include "io/model_file.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/io/solution_file.hpp"

namespace kintsugi::cli {

namespace {

class ExportCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "export"; }
  [[nodiscard]] std::string summary() const override {
    return "Writes the network put together as a PyTorch state dict";
  }
  [[nodiscard]] std::string description() const override {
    return "Writes the network in the order of the answer, layer by layer, as a file that PyTorch loads.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi export problem.h5 solution.h5 -o model.pth", "for torch.load()"},
            {"kintsugi export problem.h5 solution.h5 -o model.safetensors", "the same for safetensors"}};
  }

  void declare(OptionTable& options) override {
    options.argument("problem", "PROBLEM", "the problem file (problem.h5)", input_path(problem_));
    options.argument("answer", "ANSWER", "a solution.h5, or a text file with the permutation", input_path(answer_));
    options.required_option("output,o", "FILE", "the file to write, by its ending: model.safetensors or model.pth",
                            output_path(output_));
    options.toggle("quiet,q", "print errors only", quiet_);
  }

  [[nodiscard]] ExitCode run(const Settings&) override {
    check_model_path(output_);
    const ProblemFile problem(problem_);
    const NetworkF64 folded = problem.network_f64();
    const NetworkF64 network = problem.unfolded_network();
    const ProblemFingerprint fingerprint = problem_fingerprint(folded, problem);
    require_same_problem(answer_, fingerprint);
    const Assembly assembly = to_assembly(network, read_answer(answer_), answer_.string());
    check_assembly(network, assembly, problem.shape(), answer_.string());
    write_model(output_, network, assembly, fingerprint);
    if (!quiet_) {
      std::cerr << "wrote " << printable(output_.string()) << ": " << count_of(assembly.blocks.size(), "block")
                << " (0.inp, 0.out, ...) and the head (" << assembly.blocks.size() << ".layer), "
                << to_string(network.activation) << '\n';
    }
    return ExitCode::success;
  }

 private:
  std::filesystem::path problem_;
  std::filesystem::path answer_;
  std::filesystem::path output_;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export_command() { return std::make_unique<ExportCommand>(); }

}  // namespace kintsugi::cli
