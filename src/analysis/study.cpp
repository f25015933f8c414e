#include "analysis/study.hpp"

#include <algorithm>

#include "analysis/study_context.hpp"
#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "kernels/gemm.hpp"
#include "kintsugi/core/error.hpp"
#include "mpi/shared_stop.hpp"
#include "objective/error_floor.hpp"
#include "search/make_search.hpp"
#include "solve/role_choice.hpp"

namespace kintsugi {

namespace {

void check_options(const StudyOptions& options) {
  if (options.work_rows < 0)
    throw UsageError("work rows are " + std::to_string(options.work_rows) + ", need to be 0 (all) or more");
  require_known_starts(options);
  const std::vector<std::string> known = search_names();
  for (const std::string& name : options.searches) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string names;
    for (const std::string& each : known) names += (names.empty() ? "" : ", ") + each;
    throw UsageError("unknown search '" + name + "'; known are " + names);
  }
}

Grid grid_for(const mpi::Comm& world, std::size_t rows) {
  return choose_grid(world.size(), 0, 0, (rows + kernels::kTileRows - 1) / kernels::kTileRows);
}

/// Times parts of the study and tells of them on rank 0.
class Parts {
 public:
  Parts(const mpi::Comm& world, const StudyContext& context, const StudyObserver& observer)
      : world_(&world), context_(&context), observer_(&observer) {
    double flops = 0;
    for (const Block& block : context.preparation.pairing) flops += context.work.kernel(block).flops_per_row();
    flops_per_work_ = flops / static_cast<double>(context.preparation.pairing.size()) * kernels::kTileRows;
  }

  void run(const std::string& name, const std::function<void()>& part) const {
    const Stopwatch stopwatch;
    const std::int64_t before = work();
    part();
    mpi::stop_together(*world_);
    const double seconds = stopwatch.seconds();
    if (world_->root()) (*observer_)({name, seconds, static_cast<double>(work() - before) * flops_per_work_});
  }

 private:
  [[nodiscard]] std::int64_t work() const { return context_->work.work() + context_->full.work(); }

  const mpi::Comm* world_;
  const StudyContext* context_;
  const StudyObserver* observer_;
  double flops_per_work_ = 0;  // of a block on a tile
};

}  // namespace

namespace {

/// The roles that solve() would decide on, where shapes leave them open and nobody gave them.
void settle_roles_of(const mpi::Comm& world, const Network& network, RowSource& rows, StudyOptions& options) {
  if (!options.given_expand.empty()) return;
  std::vector<int> given;
  if (world.root() && options.answer) {
    for (const Block& block : options.answer->blocks) given.push_back(network.index_of(block.expand));
  }
  world.broadcast(given);
  if (given.empty()) {
    SolveOptions solving;
    solving.seed = options.seed;
    solving.pairing = options.pairing;
    solving.tolerance = options.tolerance;
    SolveObserver quiet;
    Solution unused;
    settle_roles(world, network, rows, solving, quiet, unused);
    given = std::move(solving.given_expand);
  } else {
    // Where the weights decide, --roles is not needed and the answer may be wrong.
    SolveOptions guessed;
    guess_roles_in(world, network, rows.shape(), guessed);
    if (guessed.given_expand.empty()) return;
  }
  options.given_expand = std::move(given);
}

}  // namespace

Study study_network(const mpi::Comm& world, const Network& network, RowSource& rows, const StudyOptions& given,
                    const StudyObserver& observer) {
  const kernels::FlushDenormals flushed;
  check_options(given);
  StudyOptions options = given;
  settle_roles_of(world, network, rows, options);
  Study study;

  // 1. Roles and pairs; weights into shared memory, rows to their ranks.
  const StudyPreparation preparation = prepare_study(world, network, rows.shape(), options, study);
  const SharedWeights weights(world, network, preparation.roles);
  study.rows = rows.shape().rows;
  study.work_rows = options.work_rows == 0 ? study.rows : static_cast<std::size_t>(options.work_rows);
  study.work_rows = std::min(study.work_rows, study.rows);
  FirstRows first_rows(rows, study.work_rows);
  Evaluator work(world, weights, first_rows, grid_for(world, study.work_rows));
  Evaluator full(world, weights, rows, grid_for(world, study.rows));
  study.target = ErrorFloor(full, options.tolerance).target(study.rows);
  StudyContext context{options, preparation, work, full};
  const Parts parts(world, context, observer);

  // 2. Starts.
  parts.run("starts", [&] {
    study.starts = study_starts(context);
    if (!study.has_answer) return;
    Blocks answer;
    for (std::size_t i = 0; i < preparation.answer.size(); i += 2)
      answer.push_back({preparation.answer[i], preparation.answer[i + 1]});
    study.answer_mse = context.mse(answer);
  });
  const StartStudy start = *std::ranges::find(study.starts, options.start, full_name);

  // 3. Swaps, the model of their gains, and their contradictions.
  parts.run(options.exact ? "exact swaps" : "screened swaps", [&] { study_swaps(context, start, study); });
  if (options.exact) parts.run("screened swaps", [&] { compare_with_screen(context, start, study); });

  // 4. Ways to the answer.
  parts.run("repairs", [&] { study_repairs(context, study); });
  parts.run("searches", [&] { study_searches(world, network, rows, context, start, study); });
  return study;
}

}  // namespace kintsugi
