#include <cmath>

#include "analysis/bradley_terry.hpp"
#include "analysis/swap_gains.hpp"
#include "analysis/transitivity.hpp"
#include "analysis/workshop.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// The seed's blocks in the order of a fit.
std::vector<int> fitted_order(const SeedStudy& seed, const BradleyTerryFit& fit) {
  std::vector<int> order;
  for (const int position : fit.order) order.push_back(seed.order[static_cast<std::size_t>(position)]);
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

void study_swaps(Workshop& shop, const SeedStudy& seed, Study& study) {
  const std::size_t n = seed.order.size();
  const Blocks blocks = in_order(shop.ground.pairing, seed.order);
  SwapStudy& swaps = study.swaps;
  swaps.seed = full_name(seed);
  swaps.exact = shop.options.exact;
  SwapGains gains = swaps.exact ? exact_swap_gains(shop.work, blocks, shop.tiles())
                                : screened_swap_gains(shop.work, blocks, shop.tiles());
  if (!std::isfinite(gains.mse)) {
    throw InputError("the seed " + swaps.seed + " has no finite error: choose another to swap positions of");
  }
  swaps.seed_mse = gains.mse;
  swaps.gains = std::move(gains.change);
  swaps.temperature_given = shop.options.temperature > 0;
  const double temperature = swaps.temperature_given ? shop.options.temperature : choose_temperature(swaps.gains, n);
  swaps.fit = fit_bradley_terry(swaps.gains, n, temperature);
  const std::vector<int> order = fitted_order(seed, swaps.fit);
  swaps.fit_mse = shop.mse(in_order(shop.ground.pairing, order));
  swaps.fit_agreement = shop.agreement(order);
  study.transitivity = study_transitivity(swaps.gains, n);
}

void compare_with_screen(Workshop& shop, const SeedStudy& seed, Study& study) {
  const std::size_t n = seed.order.size();
  SwapStudy& swaps = study.swaps;
  const SwapGains screened = screened_swap_gains(shop.work, in_order(shop.ground.pairing, seed.order), shop.tiles());
  swaps.screened = true;
  swaps.screen = compare_tables(swaps.gains, screened.change, n);
  const BradleyTerryFit fit = fit_bradley_terry(screened.change, n, swaps.fit.temperature);
  swaps.screen.fit_mse = shop.mse(in_order(shop.ground.pairing, fitted_order(seed, fit)));
  swaps.screen.fit_distance = static_cast<std::int64_t>(kendall_distance(fit.order, swaps.fit.order));
}

}  // namespace kintsugi
