#include "search/make_search.hpp"

#include <algorithm>

#include "kintsugi/core/error.hpp"
#include "search/iterated/iterated_search.hpp"
#include "search/local/descent.hpp"
#include "search/local/pair_exchange.hpp"
#include "search/local/relocation.hpp"
#include "search/local/tabu.hpp"
#include "search/rounds/annealing.hpp"
#include "search/rounds/depth_round.hpp"
#include "search/rounds/ensemble.hpp"
#include "search/rounds/gauss_newton.hpp"
#include "search/rounds/mean_field_round.hpp"
#include "search/rounds/pair_relaxation.hpp"

namespace kintsugi {

namespace {

// Streams of random numbers of one island. A new search takes a new number.
enum class Stream : std::uint64_t {
  perturbation = 1,
  relocation = 2,
  tabu = 4,
  annealing = 6,
  gauss_newton = 7,
  pair_relaxation = 8,
  depth = 10,
  ensemble = 11,
};

Random random_of(const SearchContext& context, Stream stream) {
  return Random(context.seed, static_cast<std::uint64_t>(context.island), static_cast<std::uint64_t>(stream));
}

// Makers of the steps that a search is put together from. Each may give none where it has nothing to do.
using MakeLocal = std::unique_ptr<Step> (*)(const SearchContext&);
using MakeRound = std::unique_ptr<Round> (*)(const SearchContext&);

std::unique_ptr<Step> bubble(const SearchContext& c) {
  return std::make_unique<Descent>(c.evaluator, c.model, 1, c.parameters.descent);
}
std::unique_ptr<Step> insertion(const SearchContext& c) {
  return std::make_unique<Descent>(c.evaluator, c.model, 0, c.parameters.descent);
}
std::unique_ptr<Step> relocation(const SearchContext& c) {
  return std::make_unique<Relocation>(ScreenedBatch(c.evaluator, c.parameters.screened_batch),
                                      random_of(c, Stream::relocation), c.parameters.relocation);
}
std::unique_ptr<Step> pair_exchange(const SearchContext& c) {
  if (c.clues.untrusted.empty()) return nullptr;
  return std::make_unique<PairExchange>(c.evaluator, c.clues.untrusted, c.parameters, c.memory);
}
// Weights may single out a wrong pair, too: where nothing else helps, all pairs may trade.
std::unique_ptr<Step> any_pair_exchange(const SearchContext& c) {
  const std::vector<int>& all = c.evaluator.weights().roles().expand;
  return std::make_unique<PairExchange>(c.evaluator, std::set<int>(all.begin(), all.end()), c.parameters, c.memory);
}
std::unique_ptr<Step> tabu(const SearchContext& c) {
  return std::make_unique<Tabu>(c.evaluator, c.model, c.clues.untrusted, random_of(c, Stream::tabu), c.parameters.tabu);
}
std::unique_ptr<Round> pair_relaxation(const SearchContext& c) {
  const std::size_t pairs = c.clues.untrusted.size();
  if (pairs < 2 || pairs > c.parameters.pair_relaxation.max_blocks) return nullptr;
  return std::make_unique<PairRelaxation>(c.evaluator, c.clues, random_of(c, Stream::pair_relaxation), c.parameters,
                                          c.memory);
}
std::unique_ptr<Round> mean_field(const SearchContext& c) {
  return std::make_unique<MeanFieldRound>(c.evaluator, c.clues, c.parameters, c.memory);
}
std::unique_ptr<Round> late_mean_field(const SearchContext& c) {
  // It has no random numbers: all islands would do the same.
  if (c.island != 0 || c.clues.untrusted.size() < 2) return nullptr;
  return std::make_unique<MeanFieldRound>(c.evaluator, c.clues, c.parameters, c.memory, true);
}
std::unique_ptr<Round> gauss_newton(const SearchContext& c) {
  const std::size_t blocks = c.evaluator.weights().roles().expand.size();
  const bool narrowing = c.clues.lines.empty() && blocks >= c.parameters.gauss_newton.narrowing_blocks;
  return std::make_unique<GaussNewton>(c.evaluator, random_of(c, Stream::gauss_newton), c.parameters, narrowing);
}
std::unique_ptr<Round> depth(const SearchContext& c) {
  if (c.clues.lines.empty()) return nullptr;
  return std::make_unique<DepthRound>(c.evaluator, random_of(c, Stream::depth), c.clues, c.parameters);
}
std::unique_ptr<Round> ensemble(const SearchContext& c) {
  const auto pairs = static_cast<double>(c.evaluator.weights().roles().expand.size());
  const auto untrusted = static_cast<double>(c.clues.untrusted.size());
  if (pairs < 3 || untrusted > c.parameters.ensemble.most_untrusted * pairs) return nullptr;
  return std::make_unique<Ensemble>(c.evaluator, random_of(c, Stream::ensemble), c.parameters.ensemble, c.memory.table);
}
std::unique_ptr<Round> annealing(const SearchContext& c) {
  return std::make_unique<Annealing>(c.evaluator, c.model, random_of(c, Stream::annealing), c.parameters.annealing,
                                     c.memory.table);
}

// What a search is made of: the chain of local searches, the one for plateaus, the searches that work in rounds, and
// how it leaves a local optimum.
struct Recipe {
  std::string_view name;
  std::vector<MakeLocal> chain;
  MakeLocal plateau = any_pair_exchange;
  std::vector<MakeRound> rounds{};
  PerturbationKind perturbation = PerturbationKind::kick;
};

// Every search by its name, in alphabetical order. A new one is a new line here.
const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{
      {.name = "annealing", .chain = {insertion}, .rounds = {annealing}},
      {.name = "auto",
       .chain = {insertion, relocation, pair_exchange},
       .rounds = {pair_relaxation, depth, gauss_newton, annealing, ensemble, late_mean_field}},
      {.name = "bubble", .chain = {bubble}, .plateau = nullptr},
      {.name = "depth", .chain = {insertion}, .rounds = {depth}},
      {.name = "ensemble", .chain = {insertion}, .rounds = {ensemble}},
      {.name = "gauss-newton", .chain = {insertion}, .rounds = {gauss_newton}},
      {.name = "insertion", .chain = {insertion}, .plateau = nullptr},
      {.name = "iterated", .chain = {insertion, relocation, pair_exchange}},
      {.name = "mean-field", .chain = {insertion, relocation, pair_exchange}, .rounds = {mean_field}},
      {.name = "pair-relaxation", .chain = {insertion}, .rounds = {pair_relaxation}},
      {.name = "restart", .chain = {insertion, relocation, pair_exchange}, .perturbation = PerturbationKind::restart},
      {.name = "tabu", .chain = {insertion, pair_exchange, tabu}},
  };
  return all;
}

const Recipe& find_recipe(std::string_view name) {
  const auto found = std::ranges::find(recipes(), name, &Recipe::name);
  if (found != recipes().end()) return *found;
  std::string known;
  for (const std::string& each : search_names()) known += (known.empty() ? "" : ", ") + each;
  throw UsageError("unknown search '" + std::string(name) + "'; known are " + known);
}

template <class Made, class Make>
std::vector<std::unique_ptr<Made>> make_all(const std::vector<Make>& makers, const SearchContext& context) {
  std::vector<std::unique_ptr<Made>> all;
  for (const Make make : makers) {
    if (std::unique_ptr<Made> one = make(context)) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::vector<std::string> search_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes()) names.emplace_back(recipe.name);
  return names;
}

std::unique_ptr<IslandSearch> make_search(std::string_view name, const SearchContext& context) {
  const Recipe& recipe = find_recipe(name);
  const Parameters& parameters = context.parameters;
  Neighbourhoods chain(make_all<Step>(recipe.chain, context),
                       recipe.plateau != nullptr ? recipe.plateau(context) : nullptr, parameters.neighbourhoods);
  RoundScheduler rounds(make_all<Round>(recipe.rounds, context), parameters.round_scheduler);
  Perturbation perturbation(context.evaluator, recipe.perturbation, context.clues.untrusted,
                            random_of(context, Stream::perturbation), parameters.perturbation);
  return std::make_unique<IteratedSearch>(context.evaluator, std::move(chain), std::move(rounds),
                                          std::move(perturbation), parameters);
}

}  // namespace kintsugi
