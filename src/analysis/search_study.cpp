#include <algorithm>

#include "analysis/workshop.hpp"
#include "kintsugi/solve.hpp"
#include "search/make_search.hpp"

namespace kintsugi {

namespace {

/// `order` and the head in the pieces' own indices, as a user would write it. Collective.
std::vector<int> permutation_of(const mpi::Comm& world, const Network& network, const Ground& ground,
                                const std::vector<int>& order) {
  std::vector<int> permutation;
  if (world.root()) {
    permutation = to_permutation({in_order(ground.pairing, order), ground.roles.head});
    for (int& piece : permutation) piece = network.index_of(piece);
  }
  world.broadcast(permutation);
  return permutation;
}

}  // namespace

void study_searches(const mpi::Comm& world, const Network& network, RowSource& rows, Workshop& shop,
                    const SeedStudy& start, Study& study) {
  const auto greedy = std::ranges::find(study.seeds, std::string("greedy"), full_name);
  if (greedy != study.seeds.end()) {
    const auto n = static_cast<std::int64_t>(shop.ground.pairing.size());
    study.searches.push_back(
        {"greedy roll-out", shop.work.to_evaluations(n * (n + 1) / 2), greedy->mse, greedy->mse <= study.target});
  }
  SolveOptions options;
  options.seed = shop.options.seed;
  options.pairing = shop.options.pairing;
  options.given_expand = shop.options.given_expand;
  options.start = "given";
  options.given_permutation = permutation_of(world, network, shop.ground, start.order);
  options.max_evaluations = shop.options.max_evaluations;
  options.tolerance = shop.options.tolerance;
  for (const std::string& name : shop.options.search_all ? search_names() : shop.options.searches) {
    options.search = name;
    SolveObserver silent;
    const Solution solution = solve(world, network, rows, options, silent);
    study.searches.push_back({"search " + name, solution.evaluations, solution.mse, solution.status == Status::solved});
  }
}

}  // namespace kintsugi
