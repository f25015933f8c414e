#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/comparison.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// One solve of a suite.
struct SuiteRow {
  std::string problem;
  std::uint64_t seed = 0;
  std::string status;
  double mse = 0;
  std::size_t blocks = 0;
  std::optional<std::size_t> right_pairs;  ///< and the next: where the answer is known
  std::optional<double> kendall_tau;
  std::int64_t evaluations = 0;
  double search_seconds = 0;
  double total_seconds = 0;
};

struct SuiteSummary {
  std::size_t solved = 0;
  std::size_t of = 0;
  double median_search_seconds = 0;
};

/// Prints rows on standard output as they come.
class SuiteTable {
 public:
  virtual ~SuiteTable() = default;
  virtual void add(const SuiteRow& row) = 0;
  virtual void finish(const SuiteSummary& summary) = 0;
};

/// `format`: table, csv, or json (an object a line: "record" is solve or summary). `width`: of the longest name.
[[nodiscard]] std::unique_ptr<SuiteTable> make_suite_table(const std::string& format, std::size_t width);

}  // namespace kintsugi::cli
