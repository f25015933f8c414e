#include "kintsugi/search/make_search.hpp"

#include "kintsugi/core/error.hpp"
#include "kintsugi/search/descent.hpp"
#include "kintsugi/search/pair_exchange.hpp"
#include "kintsugi/search/relocation.hpp"

namespace kintsugi {

namespace {

// Streams of random numbers of one island.
enum Stream : std::uint64_t { kKicks = 1, kRelocation = 2, kExchange = 3 };

}  // namespace

std::vector<std::string> search_names() { return {"auto", "bubble", "insertion"}; }

std::unique_ptr<IteratedSearch> make_search(std::string_view name, Evaluator& evaluator, FirstOrderModel& model,
                                            std::uint64_t seed, int island, const std::set<int>& doubtful) {
  const auto stream = [&](Stream kind) { return Random(seed, static_cast<std::uint64_t>(island), kind); };
  std::vector<std::unique_ptr<Search>> chain;
  if (name == "bubble") {
    chain.push_back(std::make_unique<Descent>(evaluator, model, 1));
  } else if (name == "insertion") {
    chain.push_back(std::make_unique<Descent>(evaluator, model, 0));
  } else if (name == "auto") {
    chain.push_back(std::make_unique<Descent>(evaluator, model, 0));
    if (!doubtful.empty()) {
      chain.push_back(std::make_unique<PairExchange>(evaluator, doubtful, false, stream(kExchange)));
    }
    chain.push_back(std::make_unique<Relocation>(evaluator, stream(kRelocation)));
  } else {
    std::string known;
    for (const std::string& each : search_names()) known += (known.empty() ? "" : ", ") + each;
    throw UsageError("unknown search '" + std::string(name) + "'; known are " + known);
  }
  return std::make_unique<IteratedSearch>(evaluator, std::move(chain), doubtful, stream(kKicks));
}

}  // namespace kintsugi
