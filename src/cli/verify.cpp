// kintsugi verify: recomputes an answer from scratch, in float64, on all rows.

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iostream>
#include <optional>

#include "cli/command.hpp"
#include "cli/comparison.hpp"
#include "cli/reference.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/io/solution_file.hpp"

namespace kintsugi::cli {

namespace {

/// 64 hexadecimal digits, kept in lower case.
Value sha256(std::string& target) {
  return {target, [&target](const std::string& given) {
            const auto is_digit = [](unsigned char c) { return std::isxdigit(c) != 0; };
            if (given.size() != 64 || !std::ranges::all_of(given, is_digit)) {
              throw UsageError("expected 64 hexadecimal digits, got '" + given + "'");
            }
            target = given;
            std::ranges::transform(target, target.begin(),
                                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
          }};
}

class VerifyCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "verify"; }
  [[nodiscard]] std::string summary() const override {
    return "Recomputes an answer from scratch, in float64 on all rows";
  }
  [[nodiscard]] std::string description() const override {
    return "Evaluates the network put together in float64, by code of its own, on all rows, and says whether the "
           "predictions are reproduced: up to what rounding explains, or up to --tolerance. Exit code 3: they are not.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi verify problem.h5 solution.h5", "is it right?"},
            {"kintsugi verify problem.h5 permutation.txt --compare truth.txt",
             "and where does it differ from another answer?"}};
  }

  void declare(OptionTable& options) override {
    options.argument("problem", "PROBLEM", "the problem file (problem.h5)", input_path(problem_));
    options.argument("answer", "ANSWER", "a solution.h5, or a text file with the permutation", input_path(answer_));
    options.option("expect-sha256", "HEX", "the answer's text must have this SHA-256", sha256(expected_));
    options.option("compare", "ANSWER2", "also say where the answer differs from this one", input_path(compare_));
    options.option("tolerance", "MSE", "mean squared error that counts as reproduced; 0: what rounding explains",
                   number(tolerance_, 0));
    options.toggle("without-predictions", "a problem without predictions is good enough if the answer fits its pieces",
                   without_predictions_);
  }

  [[nodiscard]] ExitCode run(const Settings&) override;

 private:
  void print_error(const ReferenceResult& result, double tolerance) const;
  /// What can be said of an answer without predictions.
  [[nodiscard]] ExitCode end_without_predictions(const NetworkF64& network, const Assembly& answer,
                                                 const Assembly* other, const std::string& sha) const;
  void print_comparison(const NetworkF64& network, const Assembly& answer, const Assembly& given) const;

  std::filesystem::path problem_;
  std::filesystem::path answer_;
  std::filesystem::path compare_;
  std::string expected_;
  double tolerance_ = 0;
  bool without_predictions_ = false;
};

Assembly read_assembly(const std::filesystem::path& path, const NetworkF64& network, const RowShape& rows) {
  Assembly assembly = to_assembly(network, read_answer(path), path.string());
  check_assembly(network, assembly, rows, path.string());
  return assembly;
}

std::vector<int> indices(const NetworkF64& network, const Assembly& assembly) {
  std::vector<int> permutation = to_permutation(assembly);
  for (int& piece : permutation) piece = network.index_of(piece);
  return permutation;
}

void VerifyCommand::print_error(const ReferenceResult& result, double tolerance) const {
  std::cout << format("rows           %zu\n", result.rows)
            << format("mse            %.4e  (float64; the predictions' variance is %.4g)\n", result.mse,
                      result.prediction_variance)
            << format("largest error  %.4e  in row %zu, counted from 0\n", result.largest_error, result.largest_row)
            << format("tolerance      %.4e  (%s)\n", tolerance, tolerance_ > 0 ? "given" : "what rounding explains");
  if (tolerance_ > 0) return;
  std::cout << format("errors         %.3g times what rounding explains, each by its own bound\n",
                      std::sqrt(result.excess));
  const PrecisionErrors& precise = result.precise;
  if (precise.plain_target <= 0) return;
  std::cout << format("precision      %.4e  (MSE that the weights' rounding to ", precise.plain_target)
            << to_string(result.precision) << " explains)\n";
  if (precise.scaled == precise.plain) return;
  std::cout << format("scaled         %.4e  (MSE as the search scales errors; %.4e would be explained)\n",
                      precise.scaled, precise.scaled_target);
}

namespace {

/// For the RESULT line.
std::string compared(const NetworkF64& network, const Assembly& answer, const Assembly& given) {
  const Comparison comparison = compare(answer, with_equal_pieces_as(network, answer, given));
  const std::size_t blocks = answer.blocks.size();
  return format(" pairs=%zu/%zu kendall_tau=%.6f", blocks - comparison.wrong_pairs.size(), blocks,
                comparison.kendall_tau);
}

}  // namespace

void VerifyCommand::print_comparison(const NetworkF64& network, const Assembly& answer, const Assembly& given) const {
  const Assembly other = with_equal_pieces_as(network, answer, given);
  const Comparison comparison = compare(answer, other);
  const auto index = [&](int piece) { return network.index_of(piece); };
  const std::vector<int> here = indices(network, answer);
  const std::vector<int> there = indices(network, other);
  std::cout << "\nagainst " << printable(compare_.string())
            << (other == given ? "\n" : ", where equal pieces stand for each other\n")
            << format("out of place   %zu of %zu pieces\n", comparison.differing.size(), here.size())
            << format("order          %zu inversions of blocks, Kendall tau %.6f%s\n", comparison.inversions,
                      comparison.kendall_tau,
                      comparison.kendall_tau < 0
                          ? format("; from the other end %zu", comparison.reversed_inversions).c_str()
                          : "")
            << format("wrong pairs    %zu of %zu\n", comparison.wrong_pairs.size(), answer.blocks.size());
  for (const Block& block : comparison.wrong_pairs) {
    std::cout << format("  pieces %d and %d are no block there\n", index(block.expand), index(block.compress));
  }
  if (!comparison.same_head) {
    std::cout << format("head           piece %d, there piece %d\n", here.back(), there.back());
  }
  if (comparison.differing.empty()) return;
  TextTable table({"entry", "piece", "there"});
  for (const std::size_t i : comparison.differing) {
    table.add({std::to_string(i + 1), std::to_string(here[i]), std::to_string(there[i])});
  }
  table.print(std::cout);
}

ExitCode VerifyCommand::end_without_predictions(const NetworkF64& network, const Assembly& answer,
                                                const Assembly* other, const std::string& sha) const {
  const bool expected = expected_.empty() || expected_ == sha;
  std::cout << "sha256         " << sha << (expected ? "" : "\n  expected     " + expected_) << '\n';
  if (other != nullptr) print_comparison(network, answer, *other);
  std::cout << "\nThe answer fits the pieces. There are no predictions to reproduce"
            << (without_predictions_ ? ".\n" : " (--without-predictions: that is good enough).\n");
  if (!expected) std::cout << "Its SHA-256 is not the expected one.\n";
  std::cout << "RESULT reproduced=unknown rows=0 sha256=" << sha
            << (expected_.empty() ? ""
                : expected        ? " expected=yes"
                                  : " expected=no")
            << '\n';
  return without_predictions_ && expected ? ExitCode::success : ExitCode::not_solved;
}

ExitCode VerifyCommand::run(const Settings&) {
  const ProblemFile problem(problem_);
  const NetworkF64 network = problem.network_f64();
  require_own(answer_, network, problem);
  if (!compare_.empty()) require_own(compare_, network, problem);
  const Assembly answer = read_assembly(answer_, network, problem.shape());
  std::optional<Assembly> other;
  if (!compare_.empty()) other = read_assembly(compare_, network, problem.shape());
  const std::string sha = sha256_hex(format_permutation(indices(network, answer)));
  if (!problem.has_predictions()) return end_without_predictions(network, answer, other ? &*other : nullptr, sha);
  const ReferenceResult result = evaluate_reference(network, answer, problem);
  const double tolerance = tolerance_ > 0 ? tolerance_ : result.rounding;
  const bool reproduced = tolerance_ > 0 ? result.mse <= tolerance : result.reproduced();
  const bool by_precision = reproduced && tolerance_ <= 0 && result.by_precision();
  const bool expected = expected_.empty() || expected_ == sha;

  print_error(result, tolerance);
  std::cout << "sha256         " << sha << (expected ? "" : "\n  expected     " + expected_) << '\n';
  if (other) print_comparison(network, answer, *other);
  std::cout << (by_precision ? "\nThe answer reproduces the predictions up to the pieces' precision.\n"
                : reproduced ? "\nThe answer reproduces the predictions.\n"
                             : "\nThe answer does not reproduce the predictions.\n");
  if (!expected) std::cout << "Its SHA-256 is not the expected one.\n";
  std::cout << "RESULT reproduced="
            << (by_precision ? "precision"
                : reproduced ? "yes"
                             : "no")
            << format(" mse=%.9g largest_error=%.9g largest_row=%zu tolerance=%.9g rows=%zu", result.mse,
                      result.largest_error, result.largest_row, tolerance, result.rows)
            << " sha256=" << sha
            << (expected_.empty() ? ""
                : expected        ? " expected=yes"
                                  : " expected=no")
            << (other ? compared(network, answer, *other) : "") << '\n';
  return reproduced && expected ? ExitCode::success : ExitCode::not_solved;
}

}  // namespace

std::unique_ptr<Command> make_verify_command() { return std::make_unique<VerifyCommand>(); }

}  // namespace kintsugi::cli
