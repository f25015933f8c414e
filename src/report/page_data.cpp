#include "report/page_data.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "core/certainty.hpp"
#include "report/reduce.hpp"

namespace kintsugi::report {

using Json = nlohmann::ordered_json;

namespace {

double readable(double value) {
  if (!std::isfinite(value)) return value;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.5g", value);
  return std::strtod(text.data(), nullptr);
}

Json times_data(const Times& times) {
  return {{"load", times.load},     {"pairing", times.pairing}, {"seeding", times.seeding},
          {"search", times.search}, {"kernels", times.kernels}, {"collectives", times.collectives},
          {"check", times.check},   {"total", times.total}};
}

Json findings_data(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& each : findings)
    list.push_back({{"kind", each.kind}, {"evidence", each.evidence}, {"remedy", each.remedy}});
  return list;
}

Json certainty_data(const Solution& solution) {
  const Certainty sure = certainty_of(solution);
  return {{"of_answer", sure.of_answer}, {"certain", sure.certain}, {"of", sure.of}};
}

Json run_data(const Report& report) {
  const Solution& solution = report.stored.solution;
  const RunFacts& facts = report.stored.facts;
  return {{"path", report.path},
          {"status", to_string(solution.status)},
          {"mse", solution.mse},
          {"largest_error", solution.largest_error},
          {"target", solution.target},
          {"rows", solution.rows},
          {"explained", solution.explained},
          {"by_chance", solution.by_chance},
          {"evaluations", solution.evaluations},
          {"sha256", solution.sha256},
          {"certainty", certainty_data(solution)},
          {"findings", findings_data(solution.diagnosis)},
          {"warnings", solution.warnings},
          {"problem", facts.problem},
          {"options", facts.options},
          {"version", facts.version},
          {"revision", facts.revision},
          {"host", facts.host},
          {"date", facts.date},
          {"launch", facts.launch},
          {"ranks", facts.ranks},
          {"islands", facts.islands},
          {"seed", std::to_string(facts.seed)},  // a script's numbers have 53 bits
          {"exit_code", facts.exit_code},
          {"times", times_data(solution.times)}};
}

Json blocks_data(const Report& report) {
  Json blocks = Json::array();
  for (std::size_t t = 0; t < report.blocks.size(); ++t) {
    const PairScore& pair = report.stored.solution.pairs[t];
    blocks.push_back({{"expand", report.blocks[t].expand},
                      {"compress", report.blocks[t].compress},
                      {"score", readable(pair.score)},
                      {"runner_up", pair.runner_up},
                      {"runner_up_score", readable(pair.runner_up_score)},
                      {"score_margin", readable(pair.score_margin)},
                      {"trusted", pair.trusted}});
  }
  return blocks;
}

std::size_t inversions(std::span<const int> positions) {
  std::vector<int> identity(positions.size());
  for (std::size_t t = 0; t < identity.size(); ++t) identity[t] = static_cast<int>(t);
  return kendall_distance(positions, identity);
}

Json starts_data(const Report& report) {
  Json starts = Json::array();
  for (std::size_t i = 0; i < report.start_positions.size(); ++i) {
    const StartOrder& start = report.stored.solution.starts[i];
    starts.push_back({{"name", start.name},
                      {"mse", start.mse},
                      {"inversions", inversions(report.start_positions[i])},
                      {"positions", report.start_positions[i]}});
  }
  return starts;
}

Json trajectory_data(const std::vector<TrajectoryEntry>& rows) {
  std::map<int, std::vector<const TrajectoryEntry*>> by_island;
  for (const TrajectoryEntry& row : rows) by_island[row.island].push_back(&row);
  Json islands = Json::array();
  for (const auto& [island, all] : by_island) {
    std::vector<double> errors;
    for (const TrajectoryEntry* const row : all) errors.push_back(row->mse);
    Json kept = Json::array();
    for (const std::size_t i : thin_curve(errors, kMostVertices)) {
      const TrajectoryEntry& row = *all[i];
      kept.push_back({row.step, row.evaluations, readable(row.seconds), row.mse, row.best,
                      std::string(1, letter(row.event)), row.rows, row.moves});
    }
    islands.push_back({{"island", island}, {"all", all.size()}, {"rows", std::move(kept)}});
  }
  return islands;
}

/// For each letter of the trajectory: its words, how many lines have it, how many of them lowered the island's lowest
/// error (a larger sample alone does not count), and the moves applied.
Json events_data(const std::vector<TrajectoryEntry>& rows) {
  struct Count {
    std::size_t lines = 0;
    std::size_t lowered = 0;
    std::int64_t moves = 0;
  };
  std::map<Event, Count> counts;
  std::map<int, double> lowest;
  for (const TrajectoryEntry& row : rows) {
    const auto [before, first] = lowest.try_emplace(row.island, row.best);
    Count& count = counts[row.event];
    ++count.lines;
    count.moves += row.moves;
    if (!first && row.event != Event::growth && row.best < before->second) ++count.lowered;
    before->second = row.best;
  }
  Json events;
  for (const EventName& name : kEventNames) {
    const Count& count = counts[name.event];
    events[std::string(1, letter(name.event))] = {
        {"words", name.words}, {"lines", count.lines}, {"lowered", count.lowered}, {"moves", count.moves}};
  }
  return events;
}

Json margins_data(const Solution& solution) {
  Json rows = Json::array();
  for (const Margin& margin : solution.margins) {
    rows.push_back({{"position", margin.position},
                    {"change", margin.change},
                    {"standard_error", margin.standard_error},
                    {"z", readable(margin.z())},
                    {"interchangeable", margin.interchangeable},
                    {"certain", is_certain(margin, solution.status)}});
  }
  return rows;
}

Json elites_data(const Elites& elites, std::size_t length) {
  std::vector<std::size_t> differing(length, 0);  // elites that have another block at each position
  std::vector<double> displacement;
  for (std::size_t i = 0; i < elites.displacement.size(); ++i) {
    const int moved = elites.displacement[i];
    if (moved != 0) ++differing[i % length];
    displacement.push_back(moved == Elites::kOtherPair ? std::numeric_limits<double>::infinity() : moved);
  }
  return {{"mse", elites.mse},
          {"island", elites.island},
          {"differing", differing},
          {"displacement", numbers(displacement)}};  // null: the elite has no such block
}

}  // namespace

Json numbers(std::span<const double> values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(readable(value));
  return list;
}

Json grid_data(const Grid& grid) {
  return {{"rows", grid.rows}, {"columns", grid.columns}, {"cell", grid.cell}, {"values", numbers(grid.values)}};
}

Json score_data(const ScoreTable& table) {
  constexpr std::size_t kBins = 48;
  const auto side = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(table.score.size()))));
  const Histogram bins = histogram(table.score, side, kBins);
  const Grid grid = reduce(table.score, side, side, kMostCells, Keep::highest);
  std::vector<double> diagonal;
  for (std::size_t t = 0; t < side; ++t) diagonal.push_back(table.score[t * side + t]);
  return {{"name", table.name},
          {"histogram", {{"low", bins.low}, {"high", bins.high}, {"chosen", bins.chosen}, {"others", bins.others}}},
          {"chosen", numbers(diagonal)},
          {"grid", grid_data(grid)}};
}

Json page_data(const Report& report) {
  Json data;
  data["run"] = run_data(report);
  data["permutation"] = report.stored.solution.permutation;
  data["head"] = report.head;
  data["blocks"] = blocks_data(report);
  data["starts"] = starts_data(report);
  data["trajectory"] = trajectory_data(report.stored.solution.trajectory);
  data["events"] = events_data(report.stored.solution.trajectory);
  data["margins"] = report.stored.solution.margins.empty() ? Json() : margins_data(report.stored.solution);
  data["elites"] = report.elites ? elites_data(*report.elites, report.blocks.size()) : Json();
  data["line"] = report.line ? line_data(report) : Json();
  data["problem"] = report.problem ? problem_data(*report.problem) : Json();
  data["analysis"] = report.analysis ? analysis_data(*report.analysis) : Json();
  return data;
}

}  // namespace kintsugi::report
