#include <algorithm>
#include <utility>

#include "analysis/bubble_repair.hpp"
#include "analysis/study_context.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr const char* kFitted = "bradley-terry";

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

void repair(StudyContext& context, const std::string& start, const std::vector<int>& order, Study& study) {
  const StudyOptions& options = context.options;
  if (!options.repair_all && !contains(options.repair_from, start)) return;
  const BubbleRepair result =
      repair_by_bubbling(context.work, blocks_in_order(context.preparation.pairing, order), context.tiles(),
                         options.max_evaluations, [&](const Blocks& blocks) { return context.mse(blocks); });
  for (RepairRound round : result.rounds) {
    round.start = start;
    study.repair.push_back(std::move(round));
  }
  const double mse = result.rounds.back().mse;
  // The round that finds nothing more to exchange is not needed where the one before has solved it.
  const auto solved = std::ranges::find_if(result.rounds, [&](const auto& round) { return round.mse <= study.target; });
  const std::int64_t evaluations = mse <= study.target && solved != result.rounds.end()
                                       ? result.spent[static_cast<std::size_t>(solved - result.rounds.begin())]
                                       : result.evaluations;
  study.searches.push_back({"repair from " + start, evaluations, mse, mse <= study.target});
}

}  // namespace

void require_known_starts(const StudyOptions& options) {
  std::vector<std::string> known = study_start_names();
  known.emplace_back(kFitted);
  for (const std::string& start : options.repair_from) {
    if (contains(known, start)) continue;
    std::string names;
    for (const std::string& each : known) names += (names.empty() ? "" : ", ") + each;
    throw UsageError("unknown start of a repair '" + start + "'; known are " + names);
  }
}

void study_repairs(StudyContext& context, Study& study) {
  std::vector<int> fitted;
  for (const StartStudy& start : study.starts) {
    repair(context, full_name(start), start.order, study);
    if (full_name(start) != study.swaps.start) continue;
    for (const int position : study.swaps.fit.order) fitted.push_back(start.order[static_cast<std::size_t>(position)]);
  }
  repair(context, kFitted, fitted, study);
}

}  // namespace kintsugi
