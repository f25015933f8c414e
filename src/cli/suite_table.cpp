#include "cli/suite_table.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string pairs_text(const SuiteRow& row) {
  return row.right_pairs ? format("%zu/%zu", *row.right_pairs, row.blocks) : "";
}

class PlainTable final : public SuiteTable {
 public:
  explicit PlainTable(std::size_t width) : width_(static_cast<int>(std::max<std::size_t>(width, kLeastWidth))) {
    line("problem", "seed", "status", "mse", "pairs", "tau", "evaluations", "search s", "total s");
  }
  void add(const SuiteRow& row) override {
    line(printable(row.problem), std::to_string(row.seed), row.status, format("%.3e", row.mse),
         row.right_pairs ? pairs_text(row) : "-", row.kendall_tau ? format("%.4f", *row.kendall_tau) : "-",
         std::to_string(row.evaluations), format("%.2f", row.search_seconds), format("%.2f", row.total_seconds));
  }
  void finish(const SuiteSummary& summary) override {
    std::cout << format("RESULT solved=%zu of=%zu median_search_seconds=%.3f\n", summary.solved, summary.of,
                        summary.median_search_seconds);
  }

 private:
  static constexpr std::size_t kLeastWidth = 20;

  void line(const std::string& problem, const std::string& seed, const std::string& status, const std::string& mse,
            const std::string& pairs, const std::string& tau, const std::string& evaluations, const std::string& search,
            const std::string& total) const {
    std::cout << format("%-*s %5s  %-11s %10s %9s %9s %11s %9s %9s\n", width_, problem.c_str(), seed.c_str(),
                        status.c_str(), mse.c_str(), pairs.c_str(), tau.c_str(), evaluations.c_str(), search.c_str(),
                        total.c_str())
              << std::flush;
  }

  int width_;
};

/// A field of a CSV file: in quotes where it has to be.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + "\"";
}

class CsvTable final : public SuiteTable {
 public:
  CsvTable() {
    std::cout << "problem,seed,status,mse,blocks,pairs,kendall_tau,evaluations,search_seconds,total_seconds\n"
              << std::flush;
  }
  void add(const SuiteRow& row) override {
    std::cout << field(row.problem) +
                     format(",%llu,%s,%.9g,%zu,", static_cast<unsigned long long>(row.seed), row.status.c_str(),
                            row.mse, row.blocks) +
                     pairs_text(row) + "," + (row.kendall_tau ? format("%.6f", *row.kendall_tau) : "") +
                     format(",%lld,%.6f,%.6f\n", static_cast<long long>(row.evaluations), row.search_seconds,
                            row.total_seconds)
              << std::flush;
  }
  void finish(const SuiteSummary&) override {}
};

class JsonTable final : public SuiteTable {
 public:
  void add(const SuiteRow& row) override {
    Json json{{"record", "solve"},    {"problem", row.problem}, {"seed", row.seed},
              {"status", row.status}, {"mse", row.mse},         {"blocks", row.blocks}};
    json["pairs"] = row.right_pairs ? Json(pairs_text(row)) : Json();
    json["kendall_tau"] = row.kendall_tau ? Json(*row.kendall_tau) : Json();
    json["evaluations"] = row.evaluations;
    json["search_seconds"] = row.search_seconds;
    json["total_seconds"] = row.total_seconds;
    print(json);
  }
  void finish(const SuiteSummary& summary) override {
    print({{"record", "summary"},
           {"solved", summary.solved},
           {"of", summary.of},
           {"median_search_seconds", summary.median_search_seconds}});
  }

 private:
  static void print(const Json& json) {
    std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" << std::flush;
  }
};

}  // namespace

std::unique_ptr<SuiteTable> make_suite_table(const std::string& format, std::size_t width) {
  if (format == "csv") return std::make_unique<CsvTable>();
  if (format == "json") return std::make_unique<JsonTable>();
  return std::make_unique<PlainTable>(width);
}

}  // namespace kintsugi::cli
