#include <algorithm>
#include <cmath>

#include "report/page_data.hpp"
#include "report/reduce.hpp"

namespace kintsugi::report {

using Json = nlohmann::ordered_json;

namespace {

Json products_data(const ProblemFigures& figures) {
  constexpr std::size_t kMostProductCells = 64;
  Json products = Json::array();
  for (const Product& product : figures.products) {
    const auto grid = reduce(product.values, figures.width, figures.width, kMostProductCells, Keep::largest_magnitude);
    products.push_back({{"expand", product.expand},
                        {"compress", product.compress},
                        {"position", product.position},
                        {"chosen", product.chosen},
                        {"score", numbers({{product.score}})[0]},
                        {"grid", grid_data(grid)}});
  }
  return products;
}

/// Points of the cloud: row, output, prediction, residual. The residual is kept apart, since it vanishes beside the
/// prediction's digits.
Json fit_data(const Fit& fit) {
  constexpr std::size_t kExtreme = 50;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> residuals;
  double squares = 0;
  double largest = 0;
  std::size_t not_finite = 0;
  for (std::size_t i = 0; i < fit.prediction.size(); ++i) {
    residuals.push_back(fit.reconstruction[i] - fit.prediction[i]);
    squares += residuals.back() * residuals.back();
    largest = std::isfinite(residuals.back()) ? std::max(largest, std::abs(residuals.back())) : kInfinity;
    not_finite += std::isfinite(residuals.back()) ? 0 : 1;
  }
  Json points = Json::array();
  for (const std::size_t i : thin_cloud(residuals, kMostPoints, kExtreme)) {
    points.push_back({fit.row[i / fit.outputs], i % fit.outputs, fit.prediction[i], residuals[i]});
  }
  const double mse = residuals.empty() ? 0 : squares / static_cast<double>(residuals.size());
  return {{"rows", fit.rows},           {"outputs", fit.outputs},     {"mse", mse},
          {"largest_error", largest},   {"values", residuals.size()}, {"not_finite", not_finite},
          {"points", std::move(points)}};
}

Json starts_data(const std::vector<StartStudy>& starts) {
  Json rows = Json::array();
  for (const StartStudy& start : starts) {
    rows.push_back({{"name", start.name},
                    {"direction", start.reversed ? "reversed" : "forward"},
                    {"mse", start.mse},
                    {"inversions", start.agreement.inversions},
                    {"kendall_tau", start.agreement.kendall_tau},
                    {"rank_correlation", start.agreement.rank_correlation}});
  }
  return rows;
}

Json bradley_terry_data(const StoredAnalysis::BradleyTerry& study) {
  const std::size_t length = study.strengths.size();
  // Only the upper triangle was measured; the rest is no gain of 0.
  std::vector<double> gains = study.gains;
  for (std::size_t i = 0; i < length; ++i) {
    for (std::size_t j = 0; j <= i; ++j) gains[i * length + j] = std::numeric_limits<double>::quiet_NaN();
  }
  Json blocks = Json::array();
  for (const Block& block : study.blocks) blocks.push_back({block.expand, block.compress});
  return {{"start", study.start},
          {"blocks", std::move(blocks)},
          {"temperature", study.temperature},
          {"mse", study.mse},
          {"inversions", study.inversions},
          {"strengths", numbers(study.strengths)},
          {"order", study.order},
          {"grid", grid_data(reduce(gains, length, length, kMostCells, Keep::largest_magnitude))}};
}

Json transitivity_data(const StoredAnalysis::Transitivity& study) {
  std::vector<double> margins;
  for (const CyclicTriple& triple : study.list) margins.push_back(triple.weakest_margin);
  Json list = Json::array();
  constexpr std::size_t kStrongest = 200;
  for (const std::size_t i : thin_cloud(margins, kMostPoints, kStrongest)) {
    const CyclicTriple& triple = study.list[i];
    list.push_back({triple.a, triple.b, triple.c, numbers({{triple.weakest_margin}})[0]});
  }
  return {{"triples", study.triples},
          {"cyclic", study.cyclic},
          {"mean_span_cyclic", study.mean_span_cyclic},
          {"mean_span_all", study.mean_span_all},
          {"median_margin_cyclic", study.median_margin_cyclic},
          {"median_margin_transitive", study.median_margin_transitive},
          {"listed", margins.size()},
          {"list", std::move(list)}};
}

Json repair_data(const std::vector<RepairRound>& rounds) {
  Json rows = Json::array();
  for (const RepairRound& round : rounds) {
    rows.push_back({{"start", round.start},
                    {"round", round.round},
                    {"swaps", round.swaps},
                    {"cumulative", round.cumulative},
                    {"mse", round.mse}});
  }
  return rows;
}

Json searches_data(const std::vector<SearchStudy>& searches) {
  Json rows = Json::array();
  for (const SearchStudy& search : searches) {
    rows.push_back(
        {{"name", search.name}, {"evaluations", search.evaluations}, {"mse", search.mse}, {"solved", search.solved}});
  }
  return rows;
}

}  // namespace

Json problem_data(const ProblemFigures& figures) {
  return {{"path", figures.path},
          {"activation", to_string(figures.activation)},
          {"width", figures.width},
          {"outputs", figures.outputs},
          {"hidden", {figures.lowest_hidden, figures.highest_hidden}},
          {"rows", figures.rows},
          {"scores_agree", figures.scores_agree},
          {"scores", score_data(figures.scores)},
          {"products", products_data(figures)},
          {"fit", fit_data(figures.fit)}};
}

Json analysis_data(const StoredAnalysis& figures) {
  Json scores = Json::array();
  for (const ScoreTable& table : figures.scores) scores.push_back(score_data(table));
  return {{"path", figures.path},
          {"scores", std::move(scores)},
          {"starts", starts_data(figures.starts)},
          {"bradley_terry", figures.bradley_terry ? bradley_terry_data(*figures.bradley_terry) : Json()},
          {"transitivity", figures.transitivity ? transitivity_data(*figures.transitivity) : Json()},
          {"repair", repair_data(figures.repair)},
          {"searches", searches_data(figures.searches)}};
}

}  // namespace kintsugi::report
