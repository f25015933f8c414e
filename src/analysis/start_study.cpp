#include <algorithm>
#include <string_view>

#include "analysis/workshop.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::string_view kReversed = "-reversed";

}  // namespace

std::string full_name(const SeedStudy& seed) { return seed.name + (seed.reversed ? std::string(kReversed) : ""); }

std::vector<SeedStudy> study_seeds(Workshop& shop) {
  const std::string& wanted = shop.options.start;
  const std::vector<std::string> names = start_names();
  if (std::ranges::find(names, wanted) == names.end()) {
    std::string known;
    for (const std::string& each : names) known += (known.empty() ? "" : ", ") + each;
    throw UsageError("unknown seed order '" + wanted + "'; known are " + known);
  }
  std::vector<SeedStudy> seeds;
  for (const std::string& name : names) {
    // A random order is no seed worth a study unless it is asked for.
    if (name.ends_with(kReversed) || (name == "random" && name != wanted)) continue;
    const std::vector<StartOrder> made =
        make_start_orders(shop.work, shop.ground.pairing, shop.ground.norms, name, shop.options.seed, shop.tiles());
    SeedStudy seed;
    seed.name = name;
    seed.order = made.front().order;
    seeds.push_back(seed);
    if (std::ranges::find(names, name + std::string(kReversed)) == names.end()) continue;
    seed.reversed = true;
    std::ranges::reverse(seed.order);
    seeds.push_back(std::move(seed));
  }
  for (SeedStudy& seed : seeds) {
    seed.mse = shop.mse(in_order(shop.ground.pairing, seed.order));
    seed.agreement = shop.agreement(seed.order);
  }
  std::ranges::stable_sort(seeds, {}, &SeedStudy::mse);
  return seeds;
}

}  // namespace kintsugi
