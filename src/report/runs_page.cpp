// The page of many runs: its numbers.

#include <array>
#include <cmath>

#include "report/page_data.hpp"
#include "report/reduce.hpp"
#include "report/runs.hpp"

namespace kintsugi::report {

using Json = nlohmann::ordered_json;

namespace {

/// What is not finite becomes null; an expected cost that is infinite is told apart by the number of solved runs.
Json curve_data(const std::vector<Corner>& curve) {
  constexpr std::size_t kMost = 400;
  std::vector<double> errors;
  for (const Corner& corner : curve) errors.push_back(corner.best);
  Json rows = Json::array();
  for (const std::size_t i : thin_curve(errors, kMost))
    rows.push_back({curve[i].evaluations, curve[i].seconds, curve[i].best, curve[i].rows});
  return rows;
}

Json run_data(const Comparison& all, std::size_t i) {
  const Run& run = all.runs[i];
  Json data{{"name", run.name},
            {"source", run.source},
            {"problem", all.problem_of[i]},
            {"group", all.group_of[i]},
            {"status", run.status},
            {"solved", run.solved},
            {"first", run.first},
            {"seed", run.seed ? Json(std::to_string(*run.seed)) : Json()},  // a script's numbers have 53 bits
            {"mse", run.mse},
            {"target", run.target},
            {"evaluations", run.evaluations ? Json(*run.evaluations) : Json()},
            {"search", run.search_seconds},
            {"total", run.total_seconds},
            {"ranks", run.ranks > 0 ? Json(run.ranks) : Json()},
            {"blocks", run.blocks > 0 ? Json(run.blocks) : Json()},
            {"certainty", Json()},
            {"pairs", run.pairs},
            {"tau", run.kendall_tau},
            {"sweep", run.sweep}};
  if (run.certainty) {
    data["certainty"] = {
        {"of_answer", run.certainty->of_answer}, {"certain", run.certainty->certain}, {"of", run.certainty->of}};
  }
  data["curve"] = curve_data(run.curve);
  return data;
}

Json series_data(const Series& series) {
  return {{"group", series.group},
          {"problem", series.problem},
          {"runs", series.runs},
          {"solved", series.solved},
          {"median_evaluations", series.median_evaluations},
          {"median_seconds", series.median_seconds},
          {"expected_evaluations", series.expected_evaluations},
          {"expected_seconds", series.expected_seconds}};
}

Json scaling_data(const Scaling& scaling) {
  Json points = Json::array();
  for (const ScalingPoint& point : scaling.points) {
    points.push_back({{"ranks", point.ranks},
                      {"blocks", point.blocks},
                      {"runs", point.runs},
                      {"solved", point.solved},
                      {"times", point.times},
                      {"median", point.median},
                      {"median_total", point.median_total},
                      {"median_evaluations", point.median_evaluations},
                      {"speedup", point.speedup},
                      {"efficiency", point.efficiency}});
  }
  return {{"kind", scaling.kind}, {"of", scaling.of}, {"points", std::move(points)}};
}

Json comparison_data(const Comparison& all) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < all.runs.size(); ++i) runs.push_back(run_data(all, i));
  Json series = Json::array();
  for (const Series& each : all.series) series.push_back(series_data(each));
  Json scalings = Json::array();
  for (const Scaling& each : all.scalings) scalings.push_back(scaling_data(each));
  Json differences = Json::array();
  for (const Difference& each : all.differences) differences.push_back({{"name", each.name}, {"values", each.values}});
  return {{"runs", std::move(runs)},
          {"problems", all.problems},
          {"groups", all.groups},
          {"group_texts", all.group_texts},
          {"differences", std::move(differences)},
          {"series", std::move(series)},
          {"scalings", std::move(scalings)},
          {"notes", all.notes}};
}

}  // namespace

std::string to_html(const Comparison& comparison) {
  constexpr std::array<std::string_view, 7> kScripts{"core.js",    "charts.js", "curves.js", "profiles.js",
                                                     "scaling.js", "words.js",  "runs.js"};
  return make_page(kScripts, comparison_data(comparison));
}

}  // namespace kintsugi::report
