#include "kintsugi/search/make_search.hpp"

#include "kintsugi/core/error.hpp"
#include "kintsugi/search/annealing.hpp"
#include "kintsugi/search/descent.hpp"
#include "kintsugi/search/gauss_newton.hpp"
#include "kintsugi/search/pair_exchange.hpp"
#include "kintsugi/search/pair_relaxation.hpp"
#include "kintsugi/search/relocation.hpp"
#include "kintsugi/search/tabu.hpp"

namespace kintsugi {

namespace {

// Streams of random numbers of one island.
enum Stream : std::uint64_t {
  kKicks = 1,
  kRelocation = 2,
  kTabu = 4,
  kAnnealing = 6,
  kPlaces = 7,
  kRelaxation = 8
};

}  // namespace

std::vector<std::string> search_names() {
  return {"annealing", "auto", "bubble", "gauss-newton", "insertion", "iterated", "restart", "tabu"};
}

std::unique_ptr<IteratedSearch> make_search(std::string_view name, Evaluator& evaluator, FirstOrderModel& model,
                                            std::uint64_t seed, int island, const std::set<int>& doubtful) {
  const auto stream = [&](Stream kind) { return Random(seed, static_cast<std::uint64_t>(island), kind); };
  std::vector<std::unique_ptr<Search>> chain;
  const auto add_exchange = [&] {
    if (!doubtful.empty()) chain.push_back(std::make_unique<PairExchange>(evaluator, doubtful));
  };
  Escape escape = Escape::kick;
  std::unique_ptr<Search> plateau;
  std::vector<std::unique_ptr<Search>> rounds;
  chain.push_back(std::make_unique<Descent>(evaluator, model, name == "bubble" ? 1 : 0));
  if (name == "auto" || name == "iterated" || name == "restart") {
    chain.push_back(std::make_unique<Relocation>(evaluator, stream(kRelocation)));
    add_exchange();
    if (name == "restart") escape = Escape::restart;
  } else if (name == "tabu") {
    add_exchange();
    chain.push_back(std::make_unique<Tabu>(evaluator, model, doubtful, stream(kTabu)));
  } else if (name != "annealing" && name != "bubble" && name != "gauss-newton" && name != "insertion") {
    std::string known;
    for (const std::string& each : search_names()) known += (known.empty() ? "" : ", ") + each;
    throw UsageError("unknown search '" + std::string(name) + "'; known are " + known);
  }
  if (name == "auto" && doubtful.size() > 1) {
    rounds.push_back(std::make_unique<PairRelaxation>(evaluator, doubtful, stream(kRelaxation)));
  }
  if (name == "auto" || name == "gauss-newton") {
    rounds.push_back(std::make_unique<GaussNewton>(evaluator, model, stream(kPlaces)));
  }
  if (name == "auto" || name == "annealing") {
    rounds.push_back(std::make_unique<Annealing>(evaluator, model, stream(kAnnealing)));
  }
  if (name != "bubble" && name != "insertion") {
    // Weights may single out a wrong pair, too: where nothing else helps, all pairs are in doubt.
    const std::vector<int>& all = evaluator.weights().roles().expand;
    plateau = std::make_unique<PairExchange>(evaluator, std::set<int>(all.begin(), all.end()));
  }
  return std::make_unique<IteratedSearch>(evaluator, std::move(chain), std::move(plateau), std::move(rounds), doubtful,
                                          escape, stream(kKicks));
}

}  // namespace kintsugi
