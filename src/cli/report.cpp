// kintsugi report: what a solve found, or many of them side by side, as one page with pictures, or as text.

#include <algorithm>
#include <iostream>
#include <sstream>

#include "cli/chosen_scores.hpp"
#include "cli/command.hpp"
#include "cli/reference.hpp"
#include "cli/report_text.hpp"
#include "cli/runs_text.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "depth/weights_line.hpp"
#include "io/analysis_file.hpp"
#include "io/atomic_file.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "report/contents.hpp"
#include "solve/by_weights.hpp"

namespace kintsugi::cli {

namespace {

class ReportCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "report"; }
  [[nodiscard]] std::string summary() const override { return "Shows a solution, or many runs, as a page or as text"; }
  [[nodiscard]] std::string description() const override {
    return "Writes one page that opens from disk without a network: verdict, permutation, how sure each place is, and "
           "how the search got there. With the problem and an analysis it shows more. Of several solutions, tables and "
           "folders "
           "of runs it makes one page that sets them side by side.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi report solution.h5 --problem problem.h5 -o report.html", "the whole page"},
            {"kintsugi report one.h5 two.h5 suite.csv -o runs.html", "many runs on one page"},
            {"kintsugi report solution.h5 --format text", "the essentials on standard output"}};
  }

  void declare(OptionTable& options) override {
    options.arguments(
        "run", "RUN...",
        "a solution file (solution.h5); or several, tables of runs (what bench --suite prints, CSV, JSON), "
        "and folders of a scaling sweep, of a restart array or with solutions: all on one page",
        input_paths(sources_));
    options.also_known_as("solution");
    options.option("problem", "FILE",
                   "of one solution: also show what only the problem file tells: scores, products, residuals",
                   input_path(problem_));
    options.option("analysis", "FILE", "of one solution: also show what 'kintsugi analyze' wrote",
                   input_path(analysis_));
    options.option("output,o", "FILE", "the file to write (report.html); text goes to standard output without it",
                   output_path(output_));
    options.option("format", "NAME", "html or text", choice(format_, {"html", "text"}));
    options.toggle("quiet,q", "print errors only", quiet_);
  }

  [[nodiscard]] ExitCode run(const Settings&) override;

 private:
  /// All of one solution.
  [[nodiscard]] report::Report gather(const std::filesystem::path& solution) const;
  /// The page, or the text; and what the user is told of it.
  [[nodiscard]] std::string show_one(const std::filesystem::path& solution);
  [[nodiscard]] std::string show_many();

  std::vector<std::filesystem::path> sources_;
  std::string told_;
  std::filesystem::path problem_;
  std::filesystem::path analysis_;
  std::filesystem::path output_;
  std::string format_ = "html";
  bool quiet_ = false;
};

/// Rows that are evaluated, evenly spread in slabs: all where that takes seconds at most.
report::Fit fit_of(const ProblemFile& problem, const NetworkF64& network, const Assembly& assembly) {
  constexpr std::size_t kSlab = 256;
  constexpr std::size_t kMostRows = 20'480;
  constexpr std::size_t kLeastRows = 1024;
  constexpr double kFlops = 4e10;
  double flops = 1;
  for (const PieceF64& piece : network.pieces) flops += 2 * static_cast<double>(piece.weight.size());
  const auto affordable = static_cast<std::size_t>(std::min(kFlops / flops, static_cast<double>(kMostRows)));
  const RowShape shape = problem.shape();
  const std::size_t slabs = (shape.rows + kSlab - 1) / kSlab;
  const std::size_t taken = std::min(slabs, std::max(kLeastRows, affordable) / kSlab);
  report::Fit fit;
  fit.outputs = shape.outputs;
  for (std::size_t i = 0; i < taken; ++i) {
    const std::size_t first = slabs * i / taken * kSlab;
    const RowsF64 rows = problem.read_f64(first, std::min(kSlab, shape.rows - first));
    const std::vector<double> predicted = predict_reference(network, assembly, rows);
    fit.rows += rows.shape.rows;
    for (std::size_t r = 0; r < rows.shape.rows; ++r) fit.row.push_back(first + r);
    fit.prediction.insert(fit.prediction.end(), rows.predictions.begin(), rows.predictions.end());
    fit.reconstruction.insert(fit.reconstruction.end(), predicted.begin(), predicted.end());
  }
  return fit;
}

/// How alike the answer's blocks are; and the line that they make, where the solution has none.
void add_similarity(report::Report& report, const Network& network, const Assembly& assembly) {
  const LineStudy study = study_line(network, assembly.blocks, assembly.head);
  if (study.lines.empty()) return;
  const Eigen::MatrixXd similarity = similarity_along(study);
  report.problem->similarity.assign(similarity.data(), similarity.data() + similarity.size());
  if (report.line) return;
  WeightsLine line = in_direction_of(study.line, assembly.blocks);
  for (Block& block : line.blocks) block = {network.index_of(block.expand), network.index_of(block.compress)};
  add_line(report, line, "the line by the weights");
}

report::Report ReportCommand::gather(const std::filesystem::path& solution) const {
  report::Report result = report::read_report(solution);
  if (!problem_.empty()) {
    const ProblemFile problem(problem_);
    const NetworkF64 network = problem.network_f64();
    const Network single = problem.network();
    require_own(solution, network, problem);
    if (!analysis_.empty()) require_own(analysis_, network, problem);
    const std::string origin = solution.string() + " and " + problem_.string() + " do not belong together";
    const Assembly assembly = to_assembly(network, result.stored.solution.permutation, origin);
    check_assembly(network, assembly, problem.shape(), origin);
    report::add_problem(result, problem_, single, assembly, find_chosen_scores(result.stored, single, assembly),
                        fit_of(problem, network, assembly), problem.shape().rows);
    add_similarity(result, single, assembly);
  }
  if (!analysis_.empty() && !result.stored.facts.fingerprint.weights.empty()) {
    require_same_problem(analysis_, result.stored.facts.fingerprint);
  }
  if (!analysis_.empty()) result.analysis = read_analysis(analysis_, result.blocks);
  return result;
}

std::string ReportCommand::show_one(const std::filesystem::path& solution) {
  const report::Report report = gather(solution);
  told_ = count_of(report.blocks.size(), "block") + (report.problem ? "" : ", without the problem (--problem)") +
          (report.analysis ? "" : ", without an analysis (--analysis)");
  if (format_ == "html") return report::to_html(report);
  std::ostringstream text;
  print_report(text, report);
  return text.str();
}

std::string ReportCommand::show_many() {
  if (!problem_.empty()) throw UsageError("--problem is for the report of one solution, not of many runs");
  if (!analysis_.empty()) throw UsageError("--analysis is for the report of one solution, not of many runs");
  const report::Comparison runs = report::compare(report::read_runs(sources_));
  told_ = runs.runs.empty() ? "no run has finished yet"
                            : count_of(runs.runs.size(), "run") + " of " + count_of(runs.problems.size(), "problem");
  if (format_ == "html") return report::to_html(runs);
  std::ostringstream text;
  print_runs(text, runs, output_.empty() ? screen_of_output().columns : Screen().columns);
  return text.str();
}

ExitCode ReportCommand::run(const Settings&) {
  if (format_ == "html" && output_.empty())
    throw UsageError("option --output is missing: a page needs a file (-o report.html)");
  const std::optional<std::filesystem::path> one = report::single_solution(sources_);
  const std::string text = one ? show_one(*one) : show_many();
  if (output_.empty()) {
    std::cout << text;
    return ExitCode::success;
  }
  write_file_atomically(output_, text);
  if (!quiet_) std::cerr << "wrote " << printable(output_.string()) << ": " << told_ << '\n';
  return ExitCode::success;
}

}  // namespace

std::unique_ptr<Command> make_report_command() { return std::make_unique<ReportCommand>(); }

}  // namespace kintsugi::cli
