// States that nobody wrote: whatever a crafted checkpoint holds, a search goes on from it or refuses it with a message.
// KINTSUGI_FUZZ_ROUNDS: states of each search. KINTSUGI_FUZZ_SEED: another choice of damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"
#include "search/make_search.hpp"
#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using Words = std::vector<std::int64_t>;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

/// Keeps every state that it can have.
class Collector final : public SolveObserver {
 public:
  bool checkpoint_due() override { return true; }
  void on_checkpoint(const SearchState& state) override { states.push_back(state); }
  std::vector<SearchState> states;
};

// Small steps and weak pairs: all kinds of rounds have something to do.
PlantedProblem busy_problem() {
  PlantedOptions options;
  options.blocks = 12;
  options.width = 8;
  options.hidden = {16};
  options.rows = 100;
  options.pair_signal = 0;
  options.depth = DepthTrend::none;
  options.residual = 0.1;
  options.noise = 0.05;
  return make_planted(options);
}

SolveOptions options_of(const std::string& search, int islands) {
  SolveOptions options;
  options.search = search;
  options.islands = islands;
  options.start = "random";
  options.sample_rows = 32;
  options.tolerance = 1e-12;
  options.max_evaluations = 200 * islands;
  return options;
}

std::int64_t any_word(const Words& words, Random& random) {
  using Real = std::numeric_limits<double>;
  using Whole = std::numeric_limits<std::int64_t>;
  constexpr std::array kReals{0.5, -1.0, 1e300, -1e300, Real::quiet_NaN(), Real::infinity(), -Real::infinity()};
  constexpr std::array kWholes{Whole::max(), Whole::min(), std::int64_t{1} << 31, std::int64_t{1} << 40};
  constexpr std::uint64_t kSmall = 40;
  switch (random.below(4)) {
    case 0: return std::bit_cast<std::int64_t>(kReals[random.below(kReals.size())]);
    case 1: return kWholes[random.below(kWholes.size())];
    case 2: return words[random.below(words.size())];
    default: return static_cast<std::int64_t>(random.below(kSmall)) - 2;
  }
}

void damage(Words& words, Random& random) {
  const auto at = static_cast<std::ptrdiff_t>(random.below(words.size()));
  std::int64_t& word = words[static_cast<std::size_t>(at)];
  switch (random.below(6)) {
    case 0: word ^= std::int64_t{1} << random.below(63); break;
    case 1: ++word; break;
    case 2: --word; break;
    case 3: {
      // A count and what belongs to it, taken out or twice.
      const auto length =
          std::min<std::ptrdiff_t>(1 + static_cast<std::ptrdiff_t>(random.below(26)), std::ssize(words) - at);
      const Words part(words.begin() + at, words.begin() + at + length);
      if (random.below(2) == 0) {
        words.erase(words.begin() + at, words.begin() + at + length);
      } else {
        words.insert(words.begin() + at, part.begin(), part.end());
      }
      break;
    }
    default: word = any_word(words, random);
  }
}

SearchState damaged(SearchState state, Random& random) {
  const std::uint64_t times = 1 + random.below(2);
  for (std::uint64_t i = 0; i < times; ++i) {
    Words& island = state.islands[random.below(state.islands.size())];
    damage(random.below(6) == 0 || island.empty() ? state.shared : island, random);
  }
  return state;
}

/// Goes on from a state for a while; false where it is refused.
bool goes_on(const PlantedProblem& problem, const SolveOptions& options, const SearchState& state) {
  MemoryRows rows(problem.rows);
  SolveObserver silent;
  try {
    static_cast<void>(solve(mpi::Comm::self(), problem.network, rows, options, silent, &state));
    return true;
  } catch (const InputError&) {
    return false;
  }
}

class States : public ::testing::TestWithParam<std::string> {};

TEST_P(States, OfNobodyAreReadOrRefused) {
  const std::uint64_t rounds = from_environment("KINTSUGI_FUZZ_ROUNDS", 100);
  const std::uint64_t seed = from_environment("KINTSUGI_FUZZ_SEED", 5);
  const PlantedProblem problem = busy_problem();
  std::uint64_t read = 0;
  double slowest = 0;
  for (const int islands : {1, 2}) {
    SolveOptions options = options_of(GetParam(), islands);
    Collector collector;
    MemoryRows rows(problem.rows);
    static_cast<void>(solve(mpi::Comm::self(), problem.network, rows, options, collector));
    options.time_limit = 2;  // whatever is counted wrongly
    for (std::uint64_t round = 0; round < rounds / 2; ++round) {
      SCOPED_TRACE(std::to_string(islands) + " islands, round " + std::to_string(round));
      Random random(seed, static_cast<std::uint64_t>(islands), round);
      const std::size_t at = random.below(collector.states.size());
      const SearchState state = damaged(collector.states[at], random);
      options.max_evaluations = collector.states[at].trajectory.empty()
                                    ? 50
                                    : collector.states[at].trajectory.back().evaluations * islands + 50;
      const auto start = std::chrono::steady_clock::now();
      EXPECT_NO_THROW(read += goes_on(problem, options, state) ? 1 : 0);
      slowest = std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  }
  std::cout << GetParam() << ": " << rounds << " states, read " << read << ", refused " << rounds - read << "; slowest "
            << slowest << " s\n";
  EXPECT_GT(read, 0U);
  EXPECT_LT(read, rounds);
  constexpr double kMostSeconds = 20;
  EXPECT_LT(slowest, kMostSeconds);
}

INSTANTIATE_TEST_SUITE_P(Searches, States, ::testing::ValuesIn(search_names()), [](const auto& each) {
  std::string name = each.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace kintsugi
