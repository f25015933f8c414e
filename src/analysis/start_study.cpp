#include <algorithm>
#include <string_view>

#include "analysis/study_context.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::vector<StartStudy> study_starts(StudyContext& context) {
  const std::string& wanted = context.options.start;
  const std::vector<std::string> names = start_names();
  if (std::ranges::find(names, wanted) == names.end()) {
    std::string known;
    for (const std::string& each : names) known += (known.empty() ? "" : ", ") + each;
    throw UsageError("unknown start order '" + wanted + "'; known are " + known);
  }
  std::vector<StartStudy> starts;
  for (const std::string& name : names) {
    // A random order is no start worth a study unless it is asked for.
    if (name.ends_with(kReversed) || (name == "random" && name != wanted)) continue;
    const std::vector<StartOrder> made =
        make_start_orders(context.work, context.preparation.pairing, context.preparation.norms, name,
                          context.options.seed, context.tiles());
    StartStudy start;
    start.name = name;
    start.order = made.front().order;
    starts.push_back(start);
    if (std::ranges::find(names, name + std::string(kReversed)) == names.end()) continue;
    start.reversed = true;
    std::ranges::reverse(start.order);
    starts.push_back(std::move(start));
  }
  for (StartStudy& start : starts) {
    start.mse = context.mse(blocks_in_order(context.preparation.pairing, start.order));
    start.agreement = context.agreement(start.order);
  }
  std::ranges::stable_sort(starts, {}, &StartStudy::mse);
  return starts;
}

}  // namespace kintsugi
