#include "search/make_search.hpp"

#include <algorithm>
#include <iterator>

#include "kintsugi/core/error.hpp"
#include "search/annealing.hpp"
#include "search/descent.hpp"
#include "search/gauss_newton.hpp"
#include "search/pair_exchange.hpp"
#include "search/pair_relaxation.hpp"
#include "search/relocation.hpp"
#include "search/tabu.hpp"

namespace kintsugi {

namespace {

// Streams of random numbers of one island.
enum Stream : std::uint64_t { kKicks = 1, kRelocation = 2, kTabu = 4, kAnnealing = 6, kPlaces = 7, kRelaxation = 8 };

// What a search is made of besides descents; bubble repair's are by one place at a time.
struct Recipe {
  std::string_view name;
  // Of the chain, and for its plateaus.
  bool relocation = false;
  bool exchange = false;
  bool tabu = false;
  bool plateaus = true;
  // In rounds.
  bool pairs = false;
  bool gauss_newton = false;
  bool annealing = false;
  Escape escape = Escape::kick;
};

constexpr Recipe kRecipes[] = {
    {.name = "annealing", .annealing = true},
    {.name = "auto", .relocation = true, .exchange = true, .pairs = true, .gauss_newton = true, .annealing = true},
    {.name = "bubble", .plateaus = false},
    {.name = "gauss-newton", .gauss_newton = true},
    {.name = "insertion", .plateaus = false},
    {.name = "iterated", .relocation = true, .exchange = true},
    {.name = "pair-relaxation", .pairs = true},
    {.name = "restart", .relocation = true, .exchange = true, .escape = Escape::restart},
    {.name = "tabu", .exchange = true, .tabu = true},
};

const Recipe& find_recipe(std::string_view name) {
  const auto* const found = std::ranges::find(kRecipes, name, &Recipe::name);
  if (found != std::end(kRecipes)) return *found;
  std::string known;
  for (const std::string& each : search_names()) known += (known.empty() ? "" : ", ") + each;
  throw UsageError("unknown search '" + std::string(name) + "'; known are " + known);
}

}  // namespace

std::vector<std::string> search_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : kRecipes) names.emplace_back(recipe.name);
  return names;
}

std::unique_ptr<IteratedSearch> make_search(std::string_view name, Evaluator& evaluator, LinearModel& model,
                                            std::uint64_t seed, int island, const std::set<int>& doubtful) {
  const Recipe& recipe = find_recipe(name);
  const auto stream = [&](Stream kind) { return Random(seed, static_cast<std::uint64_t>(island), kind); };
  std::vector<std::unique_ptr<Search>> chain;
  chain.push_back(std::make_unique<Descent>(evaluator, model, name == "bubble" ? 1 : 0));
  if (recipe.relocation) chain.push_back(std::make_unique<Relocation>(evaluator, stream(kRelocation)));
  if (recipe.exchange && !doubtful.empty()) chain.push_back(std::make_unique<PairExchange>(evaluator, doubtful));
  if (recipe.tabu) chain.push_back(std::make_unique<Tabu>(evaluator, model, doubtful, stream(kTabu)));
  std::unique_ptr<Search> plateau;
  if (recipe.plateaus) {
    // Weights may single out a wrong pair, too: where nothing else helps, all pairs are in doubt.
    const std::vector<int>& all = evaluator.weights().roles().expand;
    plateau = std::make_unique<PairExchange>(evaluator, std::set<int>(all.begin(), all.end()));
  }
  std::vector<std::unique_ptr<Search>> rounds;
  if (recipe.pairs && doubtful.size() > 1 && doubtful.size() <= PairRelaxation::kMostBlocks) {
    rounds.push_back(std::make_unique<PairRelaxation>(evaluator, doubtful, stream(kRelaxation)));
  }
  if (recipe.gauss_newton) rounds.push_back(std::make_unique<GaussNewton>(evaluator, stream(kPlaces)));
  if (recipe.annealing) rounds.push_back(std::make_unique<Annealing>(evaluator, model, stream(kAnnealing)));
  return std::make_unique<IteratedSearch>(evaluator, std::move(chain), std::move(plateau), std::move(rounds), doubtful,
                                          recipe.escape, stream(kKicks));
}

}  // namespace kintsugi
