#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/study_report.hpp"

namespace kintsugi::cli {

namespace {

using Json = nlohmann::ordered_json;

/// JSON has no NaN and no infinity.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json agreement(const OrderAgreement& agreement) {
  return {{"inversions", number(agreement.inversions)},
          {"kendall_tau", number(agreement.kendall_tau)},
          {"rank_correlation", number(agreement.rank_correlation)}};
}

Json pairing(const PairingStudy& study) {
  Json scores = Json::array();
  for (const ScoreStudy& score : study.scores) {
    Json closest = Json::array();
    for (const CloseCall& call : score.closest) {
      closest.push_back({{"expand", call.expand},
                         {"compress", call.compress},
                         {"score", number(call.score)},
                         {"rival", call.rival},
                         {"rival_score", number(call.rival_score)}});
    }
    scores.push_back({{"name", score.name},
                      {"chosen", {number(score.chosen_lowest), number(score.chosen_highest)}},
                      {"others", {number(score.others_lowest), number(score.others_highest)}},
                      {"wrong_rows", score.wrong_rows},
                      {"wrong_columns", score.wrong_columns},
                      {"reassigned", score.reassigned},
                      {"closest", closest}});
  }
  Json pairs = Json::array();
  for (std::size_t e = 0; e < study.expand.size(); ++e) {
    pairs.push_back({{"expand", study.expand[e]},
                     {"compress", study.compress[static_cast<std::size_t>(study.chosen[e])]},
                     {"trace", number(study.traces[e])}});
  }
  return {{"score", study.score}, {"untrusted", study.untrusted}, {"pairs", pairs}, {"scores", scores}};
}

Json starts(const Study& study) {
  Json rows = Json::array();
  for (const StartStudy& start : study.starts) {
    Json row{{"name", start.name}, {"direction", start.reversed ? "reversed" : "forward"}, {"mse", number(start.mse)}};
    row.update(agreement(start.agreement));
    row["order"] = start.order;
    rows.push_back(std::move(row));
  }
  return rows;
}

Json line(const WeightsLine& line) {
  Json features = Json::array();
  for (const FeatureSmoothness& each : line.features)
    features.push_back({{"name", each.name}, {"side", each.side}, {"smoothness", each.smoothness}});
  Json blocks = Json::array();
  for (std::size_t p = 0; p < line.blocks.size(); ++p)
    blocks.push_back({{"expand", line.blocks[p].expand}, {"compress", line.blocks[p].compress}, {"off", line.off[p]}});
  return {{"agreement", line.agreement},
          {"significance", line.significance},
          {"needed", line.needed},
          {"places", line.places},
          {"blocks", blocks},
          {"features", features}};
}

Json bradley_terry(const SwapStudy& swaps) {
  Json gains = Json::array();
  const std::size_t n = swaps.fit.order.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) gains.push_back({i, j, number(swaps.gains[i * n + j])});
  }
  Json study{{"start", swaps.start},
             {"exact", swaps.exact},
             {"start_mse", number(swaps.start_mse)},
             {"temperature", swaps.fit.temperature},
             {"temperature_given", swaps.temperature_given},
             {"iterations", swaps.fit.iterations},
             {"converged", swaps.fit.converged},
             {"mse", number(swaps.fit_mse)}};
  study.update(agreement(swaps.fit_agreement));
  study["order"] = swaps.fit.order;
  study["strengths"] = swaps.fit.strengths;
  study["gains"] = std::move(gains);
  if (swaps.screened) {
    study["screen"] = {{"same_sign", number(swaps.screen.same_sign)},
                       {"correlation", number(swaps.screen.correlation)},
                       {"fit_mse", number(swaps.screen.fit_mse)},
                       {"fit_distance", swaps.screen.fit_distance}};
  }
  return study;
}

Json transitivity(const TransitivityStudy& study) {
  Json cyclic = Json::array();
  for (const CyclicTriple& triple : study.cyclic) {
    cyclic.push_back({triple.a, triple.b, triple.c, number(triple.weakest_margin)});
  }
  Json spans = Json::array();
  for (const SpanCount& count : study.by_span) spans.push_back({count.span, count.triples, count.cyclic});
  return {{"triples", study.triples},
          {"mean_span_cyclic", number(study.mean_span_cyclic)},
          {"mean_span_all", number(study.mean_span_all)},
          {"median_margin_cyclic", number(study.median_margin_cyclic)},
          {"median_margin_transitive", number(study.median_margin_transitive)},
          {"by_span", spans},
          {"cyclic", cyclic}};
}

}  // namespace

void print_study_json(std::ostream& out, const Study& study) {
  Json repair = Json::array();
  for (const RepairRound& round : study.repair) {
    repair.push_back({{"start", round.start},
                      {"round", round.round},
                      {"swaps", round.swaps},
                      {"cumulative", round.cumulative},
                      {"mse", number(round.mse)}});
  }
  Json searches = Json::array();
  for (const SearchStudy& search : study.searches) {
    searches.push_back({{"name", search.name},
                        {"evaluations", search.evaluations},
                        {"mse", number(search.mse)},
                        {"solved", search.solved}});
  }
  Json root{{"rows", study.rows}, {"work_rows", study.work_rows}, {"target", study.target}};
  if (study.has_answer) root["answer"] = {{"mse", number(study.answer_mse)}, {"wrong_pairs", study.wrong_pairs}};
  root["pairing"] = pairing(study.pairing);
  root["starts"] = starts(study);
  if (!study.line.blocks.empty()) root["line"] = line(study.line);
  root["bradley_terry"] = bradley_terry(study.swaps);
  root["transitivity"] = transitivity(study.transitivity);
  root["repair"] = std::move(repair);
  root["searches"] = std::move(searches);
  out << root.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace kintsugi::cli
