#include <algorithm>

#include "analysis/study_context.hpp"
#include "kintsugi/solve.hpp"
#include "mpi/shared_stop.hpp"
#include "search/make_search.hpp"

namespace kintsugi {

namespace {

/// `order` and the head in the pieces' own indices, as a user would write it. Collective.
std::vector<int> permutation_of(const mpi::Comm& world, const Network& network, const StudyPreparation& preparation,
                                const std::vector<int>& order) {
  std::vector<int> permutation;
  if (world.root()) {
    permutation = to_permutation({blocks_in_order(preparation.pairing, order), preparation.roles.head});
    for (int& piece : permutation) piece = network.index_of(piece);
  }
  world.broadcast(permutation);
  return permutation;
}

}  // namespace

void study_searches(const mpi::Comm& world, const Network& network, RowSource& rows, StudyContext& context,
                    const StartStudy& start, Study& study) {
  const auto greedy = std::ranges::find(study.starts, std::string("greedy"), full_name);
  if (greedy != study.starts.end()) {
    const auto n = static_cast<std::int64_t>(context.preparation.pairing.size());
    study.searches.push_back(
        {"greedy roll-out", context.work.to_evaluations(n * (n + 1) / 2), greedy->mse, greedy->mse <= study.target});
  }
  SolveOptions options;
  options.seed = context.options.seed;
  options.pairing = context.options.pairing;
  options.given_expand = context.options.given_expand;
  options.start = "given";
  options.given_permutation = permutation_of(world, network, context.preparation, start.order);
  options.max_evaluations = context.options.max_evaluations;
  options.tolerance = context.options.tolerance;
  for (const std::string& name : context.options.search_all ? search_names() : context.options.searches) {
    options.search = name;
    SolveObserver silent;
    const Solution solution = solve(world, network, rows, options, silent);
    mpi::stop_together(world);
    study.searches.push_back({"search " + name, solution.evaluations, solution.mse, solution.status == Status::solved});
  }
}

}  // namespace kintsugi
