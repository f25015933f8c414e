#include <algorithm>
#include <numeric>
#include <string_view>

#include "analysis/study_context.hpp"
#include "depth/seriation.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

// The line that the weights give, in both directions, where there is one or where it is asked for.
void add_line(const StudyContext& context, std::vector<StartStudy>& starts) {
  StartStudy start;
  start.name = kSeriationStart;
  start.order = context.preparation.line;
  if (start.order.empty()) {
    if (!context.options.start.starts_with(kSeriationStart)) return;
    start.order.resize(context.preparation.pairing.size());
    std::iota(start.order.begin(), start.order.end(), 0);
  }
  starts.push_back(start);
  start.reversed = true;
  std::ranges::reverse(start.order);
  starts.push_back(std::move(start));
}

}  // namespace

std::vector<std::string> study_start_names() {
  std::vector<std::string> names = start_names();
  names.emplace_back(kSeriationStart);
  names.push_back(std::string(kSeriationStart).append(kReversed));
  return names;
}

std::vector<StartStudy> study_starts(StudyContext& context) {
  const std::string& wanted = context.options.start;
  const std::vector<std::string> names = start_names();
  const std::vector<std::string> all = study_start_names();
  if (std::ranges::find(all, wanted) == all.end()) {
    std::string known;
    for (const std::string& each : all) known += (known.empty() ? "" : ", ") + each;
    throw UsageError("unknown start order '" + wanted + "'; known are " + known);
  }
  const SharedSample sample(context.work, context.tiles());
  std::vector<StartStudy> starts;
  for (const std::string& name : names) {
    // A random order is no start worth a study unless it is asked for.
    if (name.ends_with(kReversed) || (name == "random" && name != wanted)) continue;
    const std::vector<StartOrder> made = make_start_orders(
        context.work, context.preparation.pairing, context.preparation.norms, name, context.options.seed, sample);
    StartStudy start;
    start.name = name;
    start.order = made.front().order;
    starts.push_back(start);
    if (std::ranges::find(names, name + std::string(kReversed)) == names.end()) continue;
    start.reversed = true;
    std::ranges::reverse(start.order);
    starts.push_back(std::move(start));
  }
  add_line(context, starts);
  for (StartStudy& start : starts) {
    start.mse = context.mse(blocks_in_order(context.preparation.pairing, start.order));
    start.agreement = context.agreement(start.order);
  }
  std::ranges::stable_sort(starts, {}, &StartStudy::mse);
  return starts;
}

}  // namespace kintsugi
