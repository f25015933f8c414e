#include "io/analysis_file.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/file_format.hpp"
#include "io/hdf5_table.hpp"
#include "io/problem_mark.hpp"
#include "io/weights_line_file.hpp"

namespace kintsugi {

namespace {

using h5::RowType;

std::int8_t flag(bool value) { return value ? std::int8_t{1} : std::int8_t{0}; }

void write_numbers(h5::Image& image, hid_t parent, const char* name, std::span<const hsize_t> dims,
                   std::span<const double> values) {
  image.dataset(parent, name, dims, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
}

void write_integers(h5::Image& image, hid_t parent, const char* name, std::span<const hsize_t> dims,
                    std::span<const int> values) {
  image.dataset(parent, name, dims, H5T_STD_I32LE, H5T_NATIVE_INT, values.data());
}

void write_agreement(h5::Image& image, hid_t object, const OrderAgreement& agreement) {
  image.attribute(object, "inversions", agreement.inversions);
  image.attribute(object, "kendall_tau", agreement.kendall_tau);
  image.attribute(object, "rank_correlation", agreement.rank_correlation);
}

void write_root(h5::Image& image, const Study& study, const StudyFacts& facts) {
  const hid_t root = image.root();
  put_format(image, kAnalysisFormat);
  image.attribute(root, "problem", facts.problem);
  image.attribute(root, "options", facts.options);
  image.attribute(root, "version", facts.version);
  image.attribute(root, "revision", facts.revision);
  put_problem_mark(image, facts.fingerprint);
  image.attribute(root, "host", facts.host);
  image.attribute(root, "date", facts.date);
  image.attribute(root, "launch", facts.launch);
  image.attribute(root, "rows", static_cast<std::int64_t>(study.rows));
  image.attribute(root, "work_rows", static_cast<std::int64_t>(study.work_rows));
  image.attribute(root, "target", study.target);
  image.attribute(root, "pair_score", study.pairing.score);
  image.attribute(root, "has_answer", std::int64_t{study.has_answer ? 1 : 0});
  image.attribute(root, "wrong_pairs", static_cast<std::int64_t>(study.wrong_pairs));
}

// ---- pairs ----

struct RangeRow {
  const char* name = nullptr;
  double chosen_lowest = 0;
  double chosen_highest = 0;
  double others_lowest = 0;
  double others_highest = 0;
  std::int64_t wrong_rows = 0;
  std::int64_t wrong_columns = 0;
  std::int64_t reassigned = 0;
};

void write_ranges(h5::Image& image, hid_t group, const PairingStudy& pairing) {
  const RowType<RangeRow> type{{"name", &RangeRow::name},
                               {"chosen_lowest", &RangeRow::chosen_lowest},
                               {"chosen_highest", &RangeRow::chosen_highest},
                               {"others_lowest", &RangeRow::others_lowest},
                               {"others_highest", &RangeRow::others_highest},
                               {"wrong_rows", &RangeRow::wrong_rows},
                               {"wrong_columns", &RangeRow::wrong_columns},
                               {"reassigned", &RangeRow::reassigned}};
  std::vector<RangeRow> rows;
  for (const ScoreStudy& score : pairing.scores) {
    rows.push_back({score.name.c_str(), score.chosen_lowest, score.chosen_highest, score.others_lowest,
                    score.others_highest, static_cast<std::int64_t>(score.wrong_rows),
                    static_cast<std::int64_t>(score.wrong_columns), static_cast<std::int64_t>(score.reassigned)});
  }
  h5::write_rows(image, group, "ranges", type, rows);
}

struct CallRow {
  const char* score_name = nullptr;
  std::int32_t expand = 0;
  std::int32_t compress = 0;
  std::int32_t rival = 0;
  double score = 0;
  double rival_score = 0;
};

void write_closest(h5::Image& image, hid_t group, const PairingStudy& pairing) {
  const RowType<CallRow> type{{"score_name", &CallRow::score_name}, {"expand", &CallRow::expand},
                              {"compress", &CallRow::compress},     {"rival", &CallRow::rival},
                              {"score", &CallRow::score},           {"rival_score", &CallRow::rival_score}};
  std::vector<CallRow> rows;
  for (const ScoreStudy& score : pairing.scores) {
    for (const CloseCall& call : score.closest) {
      rows.push_back({score.name.c_str(), call.expand, call.compress, call.rival, call.score, call.rival_score});
    }
  }
  h5::write_rows(image, group, "closest", type, rows);
}

void write_pairing(h5::Image& image, const PairingStudy& pairing) {
  const h5::Handle group = image.group(image.root(), "pairing");
  const std::array<hsize_t, 1> length{pairing.expand.size()};
  write_integers(image, group.id(), "expand", length, pairing.expand);
  write_integers(image, group.id(), "compress", length, pairing.compress);
  write_integers(image, group.id(), "chosen", length, pairing.chosen);
  write_numbers(image, group.id(), "traces", length, pairing.traces);
  const h5::Handle scores = image.group(group.id(), "scores");
  for (const ScoreStudy& score : pairing.scores) {
    write_numbers(image, scores.id(), score.name.c_str(), std::array<hsize_t, 2>{length[0], length[0]}, score.score);
  }
  write_ranges(image, group.id(), pairing);
  write_closest(image, group.id(), pairing);
}

// ---- starts and swaps ----

struct StartRow {
  const char* name = nullptr;
  const char* direction = nullptr;
  double mse = 0;
  double inversions = 0;
  double kendall_tau = 0;
  double rank_correlation = 0;
};

void write_starts(h5::Image& image, const Study& study) {
  const RowType<StartRow> type{{"name", &StartRow::name},
                               {"direction", &StartRow::direction},
                               {"mse", &StartRow::mse},
                               {"inversions", &StartRow::inversions},
                               {"kendall_tau", &StartRow::kendall_tau},
                               {"rank_correlation", &StartRow::rank_correlation}};
  std::vector<StartRow> rows;
  std::vector<int> orders;
  for (const StartStudy& start : study.starts) {
    rows.push_back({start.name.c_str(), start.reversed ? "reversed" : "forward", start.mse, start.agreement.inversions,
                    start.agreement.kendall_tau, start.agreement.rank_correlation});
    orders.insert(orders.end(), start.order.begin(), start.order.end());
  }
  h5::write_rows(image, image.root(), "starts", type, rows);
  const hsize_t length = rows.empty() ? 0 : study.starts.front().order.size();
  write_integers(image, image.root(), "start_orders", std::array<hsize_t, 2>{rows.size(), length}, orders);
}

void write_swaps(h5::Image& image, const SwapStudy& swaps) {
  const h5::Handle group = image.group(image.root(), "bradley_terry");
  const hsize_t length = swaps.fit.order.size();
  write_numbers(image, group.id(), "gains", std::array<hsize_t, 2>{length, length}, swaps.gains);
  write_numbers(image, group.id(), "strengths", std::array<hsize_t, 1>{length}, swaps.fit.strengths);
  write_integers(image, group.id(), "order", std::array<hsize_t, 1>{length}, swaps.fit.order);
  image.attribute(group.id(), "start", swaps.start);
  image.attribute(group.id(), "exact", std::int64_t{swaps.exact ? 1 : 0});
  image.attribute(group.id(), "temperature", swaps.fit.temperature);
  image.attribute(group.id(), "temperature_given", std::int64_t{swaps.temperature_given ? 1 : 0});
  image.attribute(group.id(), "iterations", std::int64_t{swaps.fit.iterations});
  image.attribute(group.id(), "converged", std::int64_t{swaps.fit.converged ? 1 : 0});
  image.attribute(group.id(), "start_mse", swaps.start_mse);
  image.attribute(group.id(), "mse", swaps.fit_mse);
  write_agreement(image, group.id(), swaps.fit_agreement);
}

void write_transitivity(h5::Image& image, const TransitivityStudy& study) {
  const h5::Handle group = image.group(image.root(), "transitivity");
  const RowType<CyclicTriple> triple{{"a", &CyclicTriple::a},
                                     {"b", &CyclicTriple::b},
                                     {"c", &CyclicTriple::c},
                                     {"weakest_margin", &CyclicTriple::weakest_margin}};
  h5::write_rows(image, group.id(), "cyclic", triple, study.cyclic);
  const RowType<SpanCount> span{
      {"span", &SpanCount::span}, {"triples", &SpanCount::triples}, {"cyclic", &SpanCount::cyclic}};
  h5::write_rows(image, group.id(), "by_span", span, study.by_span);
  image.attribute(group.id(), "triples", study.triples);
  image.attribute(group.id(), "cyclic", static_cast<std::int64_t>(study.cyclic.size()));
  image.attribute(group.id(), "mean_span_cyclic", study.mean_span_cyclic);
  image.attribute(group.id(), "mean_span_all", study.mean_span_all);
  image.attribute(group.id(), "median_margin_cyclic", study.median_margin_cyclic);
  image.attribute(group.id(), "median_margin_transitive", study.median_margin_transitive);
}

// ---- ways to the answer ----

struct RepairRow {
  const char* start = nullptr;
  std::int32_t round = 0;
  std::int64_t swaps = 0;
  std::int64_t cumulative = 0;
  double mse = 0;
};

void write_repair(h5::Image& image, const Study& study) {
  const RowType<RepairRow> type{{"start", &RepairRow::start},
                                {"round", &RepairRow::round},
                                {"swaps", &RepairRow::swaps},
                                {"cumulative", &RepairRow::cumulative},
                                {"mse", &RepairRow::mse}};
  std::vector<RepairRow> rows;
  for (const RepairRound& round : study.repair)
    rows.push_back({round.start.c_str(), round.round, round.swaps, round.cumulative, round.mse});
  h5::write_rows(image, image.root(), "repair", type, rows);
}

struct SearchRow {
  const char* name = nullptr;
  std::int64_t evaluations = 0;
  double mse = 0;
  std::int8_t solved = 0;
};

void write_searches(h5::Image& image, const Study& study) {
  const RowType<SearchRow> type{{"name", &SearchRow::name},
                                {"evaluations", &SearchRow::evaluations},
                                {"mse", &SearchRow::mse},
                                {"solved", &SearchRow::solved}};
  std::vector<SearchRow> rows;
  for (const SearchStudy& search : study.searches)
    rows.push_back({search.name.c_str(), search.evaluations, search.mse, flag(search.solved)});
  h5::write_rows(image, image.root(), "searches", type, rows);
}

}  // namespace

void write_study(const std::filesystem::path& path, const Study& study, const StudyFacts& facts) {
  const h5::SilentErrors silent;
  constexpr std::size_t kExpected = std::size_t{256} << 10;
  const std::size_t matrices = (study.pairing.scores.size() + 1) * study.swaps.gains.size() * sizeof(double);
  h5::Image image(kExpected + matrices + study.transitivity.cyclic.size() * sizeof(CyclicTriple));
  write_root(image, study, facts);
  write_pairing(image, study.pairing);
  write_starts(image, study);
  put_weights_line(image, study.line);
  write_swaps(image, study.swaps);
  write_transitivity(image, study.transitivity);
  write_repair(image, study);
  write_searches(image, study);
  write_file_atomically(path, image.finish_with_sum());
}

}  // namespace kintsugi
