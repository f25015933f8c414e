#include <cmath>

#include "analysis/bradley_terry.hpp"
#include "analysis/study_context.hpp"
#include "analysis/swap_gains.hpp"
#include "analysis/transitivity.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// The start's blocks in the order of a fit.
std::vector<int> fitted_order(const StartStudy& start, const BradleyTerryFit& fit) {
  std::vector<int> order;
  for (const int position : fit.order) order.push_back(start.order[static_cast<std::size_t>(position)]);
  return order;
}

ScreenAgreement compare_tables(const std::vector<double>& exact, const std::vector<double>& screened, std::size_t n) {
  double same = 0;
  double count = 0;
  double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double x = exact[i * n + j];
      const double y = screened[i * n + j];
      if (!std::isfinite(x) || !std::isfinite(y)) continue;
      same += (x >= 0) == (y >= 0) ? 1 : 0;
      count += 1;
      sx += x;
      sy += y;
      sxx += x * x;
      syy += y * y;
      sxy += x * y;
    }
  }
  ScreenAgreement agreement;
  agreement.same_sign = same / count;
  agreement.correlation = (sxy - sx * sy / count) / std::sqrt((sxx - sx * sx / count) * (syy - sy * sy / count));
  return agreement;
}

}  // namespace

void study_swaps(StudyContext& context, const StartStudy& start, Study& study) {
  const std::size_t n = start.order.size();
  const Blocks blocks = blocks_in_order(context.preparation.pairing, start.order);
  SwapStudy& swaps = study.swaps;
  swaps.start = full_name(start);
  swaps.exact = context.options.exact;
  SwapGains gains = swaps.exact ? exact_swap_gains(context.work, blocks, context.tiles())
                                : screened_swap_gains(context.work, blocks, context.tiles());
  if (!std::isfinite(gains.mse)) {
    throw InputError("the start " + swaps.start + " has no finite error: choose another to swap positions of");
  }
  swaps.start_mse = gains.mse;
  swaps.gains = std::move(gains.change);
  swaps.temperature_given = context.options.temperature > 0;
  const double temperature = swaps.temperature_given ? context.options.temperature : choose_temperature(swaps.gains, n);
  swaps.fit = fit_bradley_terry(swaps.gains, n, temperature);
  const std::vector<int> order = fitted_order(start, swaps.fit);
  swaps.fit_mse = context.mse(blocks_in_order(context.preparation.pairing, order));
  swaps.fit_agreement = context.agreement(order);
  study.transitivity = study_transitivity(swaps.gains, n);
}

void compare_with_screen(StudyContext& context, const StartStudy& start, Study& study) {
  const std::size_t n = start.order.size();
  SwapStudy& swaps = study.swaps;
  const SwapGains screened =
      screened_swap_gains(context.work, blocks_in_order(context.preparation.pairing, start.order), context.tiles());
  swaps.screened = true;
  swaps.screen = compare_tables(swaps.gains, screened.change, n);
  const BradleyTerryFit fit = fit_bradley_terry(screened.change, n, swaps.fit.temperature);
  swaps.screen.fit_mse = context.mse(blocks_in_order(context.preparation.pairing, fitted_order(start, fit)));
  swaps.screen.fit_distance = static_cast<std::int64_t>(kendall_distance(fit.order, swaps.fit.order));
}

}  // namespace kintsugi
