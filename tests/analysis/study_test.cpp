#include "analysis/study.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;

StudyOptions quick_options(const PlantedProblem& problem) {
  StudyOptions options;
  options.work_rows = 150;
  options.search_all = false;
  options.searches = {"insertion"};
  options.answer = problem.truth;
  return options;
}

Study study_planted(const mpi::Comm& comm, const PlantedProblem& problem, const StudyOptions& options) {
  MemoryRows rows(problem.rows);
  return study_network(comm, comm.root() ? problem.network : Network{}, rows, options, [](const StudyPart&) {});
}

void put(std::ostream& out, const OrderAgreement& agreement) {
  out << agreement.inversions << ' ' << agreement.kendall_tau << ' ' << agreement.rank_correlation << '\n';
}

/// All that must not depend on the number of ranks, to the last bit.
std::string describe(const Study& study) {
  std::ostringstream out;
  out << std::hexfloat << study.rows << ' ' << study.work_rows << ' ' << study.target << ' ' << study.wrong_pairs << ' '
      << study.answer_mse << '\n';
  for (const StartStudy& start : study.starts) {
    out << start.name << start.reversed << ' ' << start.mse << ' ' << format_permutation(start.order) << ' ';
    put(out, start.agreement);
  }
  for (const double gain : study.swaps.gains) out << gain << ' ';
  for (const double strength : study.swaps.fit.strengths) out << strength << ' ';
  out << format_permutation(study.swaps.fit.order) << ' ' << study.swaps.fit.temperature << ' ' << study.swaps.fit_mse
      << ' ' << study.swaps.screen.correlation << ' ' << study.swaps.screen.fit_mse << ' ';
  put(out, study.swaps.fit_agreement);
  for (const CyclicTriple& t : study.transitivity.cyclic)
    out << t.a << ' ' << t.b << ' ' << t.c << ' ' << t.weakest_margin << '\n';
  for (const RepairRound& r : study.repair)
    out << r.start << ' ' << r.round << ' ' << r.swaps << ' ' << r.cumulative << ' ' << r.mse << '\n';
  for (const SearchStudy& s : study.searches)
    out << s.name << ' ' << s.evaluations << ' ' << s.mse << ' ' << s.solved << '\n';
  return out.str();
}

TEST(Study, IsTheSameOnAnyNumberOfRanks) {
  const PlantedProblem problem = make_planted(7, 8, 400);
  const mpi::Comm world = mpi::Comm::world();
  const StudyOptions options = quick_options(problem);
  const std::string together = describe(study_planted(world, problem, options));
  std::string alone;
  if (world.root()) alone = describe(study_planted(mpi::Comm::self(), problem, options));
  world.broadcast(alone);
  EXPECT_EQ(together, alone);
}

TEST(Study, AgreesWithItsParts) {
  const PlantedProblem problem = make_planted(7, 8, 400);
  const mpi::Comm world = mpi::Comm::world();
  const Study study = study_planted(world, problem, quick_options(problem));
  const Reference reference(problem);
  Blocks pairing = problem.truth.blocks;
  std::ranges::sort(pairing, {}, &Block::expand);
  const std::size_t all = 13;  // tiles of 400 rows
  EXPECT_EQ(study.rows, 400U);
  EXPECT_EQ(study.work_rows, 150U);
  EXPECT_EQ(study.wrong_pairs, 0U);
  EXPECT_LE(study.answer_mse, study.target);
  ASSERT_EQ(study.starts.size(), 10U);
  EXPECT_TRUE(std::ranges::is_sorted(study.starts, {}, &StartStudy::mse));
  std::map<std::string, int> directions;
  for (const StartStudy& start : study.starts) {
    ++directions[start.name];
    Blocks blocks;
    for (const int block : start.order) blocks.push_back(pairing[static_cast<std::size_t>(block)]);
    EXPECT_NEAR(start.mse, reference.mse(blocks, all), 1e-5 * start.mse + 1e-12);
    double inversions = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      for (std::size_t j = i + 1; j < blocks.size(); ++j) {
        const auto& truth = problem.truth.blocks;
        if (std::ranges::find(truth, blocks[i]) > std::ranges::find(truth, blocks[j])) ++inversions;
      }
    }
    EXPECT_EQ(start.agreement.inversions, inversions);
  }
  for (const auto& [name, count] : directions) EXPECT_EQ(count, 2) << name;

  // Repairs of all starts and of the Bradley-Terry order, each with an entry beside the searches.
  std::map<std::string, double> ends;
  for (const RepairRound& round : study.repair) ends[round.start] = round.mse;
  EXPECT_EQ(ends.size(), 11U);
  EXPECT_EQ(ends.count("bradley-terry"), 1U);
  EXPECT_EQ(study.searches.size(), 11U + 1 + 1);
  const auto insertion = std::ranges::find(study.searches, std::string("search insertion"), &SearchStudy::name);
  ASSERT_NE(insertion, study.searches.end());
  EXPECT_TRUE(insertion->solved);
  EXPECT_LE(insertion->mse, study.target);
}

TEST(Study, SwapsAreOfTheFirstRows) {
  const PlantedProblem problem = make_planted(5, 8, 400);
  const mpi::Comm world = mpi::Comm::world();
  StudyOptions options = quick_options(problem);
  options.repair_all = false;
  options.searches = {};
  options.temperature = 0.5;
  const Study study = study_planted(world, problem, options);
  EXPECT_TRUE(study.repair.empty());
  EXPECT_EQ(study.swaps.fit.temperature, 0.5);

  PlantedProblem first = problem;
  first.rows = std::make_shared<Rows>(*problem.rows);
  first.rows->shape.rows = 150;
  first.rows->inputs.resize(150 * first.rows->shape.width);
  first.rows->predictions.resize(150);
  options.work_rows = 0;
  const Study of_first = study_planted(world, first, options);
  EXPECT_EQ(of_first.work_rows, 150U);
  EXPECT_EQ(study.swaps.gains, of_first.swaps.gains);
  EXPECT_EQ(study.swaps.start_mse, of_first.swaps.start_mse);
  EXPECT_EQ(study.swaps.fit.strengths, of_first.swaps.fit.strengths);
  EXPECT_NE(study.swaps.fit_mse, of_first.swaps.fit_mse);
}

TEST(Study, WithoutAnswerNothingIsComparedWithIt) {
  const PlantedProblem problem = make_planted(4, 8, 100);
  const mpi::Comm world = mpi::Comm::world();
  StudyOptions options = quick_options(problem);
  options.answer.reset();
  options.exact = false;
  const Study study = study_planted(world, problem, options);
  EXPECT_FALSE(study.has_answer);
  EXPECT_FALSE(study.swaps.exact || study.swaps.screened);
  for (const StartStudy& start : study.starts) EXPECT_TRUE(std::isnan(start.agreement.inversions));
  EXPECT_TRUE(std::isnan(study.swaps.fit_agreement.kendall_tau));
}

TEST(Study, PairScoresAreThoseOfThePairs) {
  const PlantedProblem problem = make_planted(6, 8, 100);
  const mpi::Comm world = mpi::Comm::world();
  StudyOptions options = quick_options(problem);
  options.repair_all = false;
  options.searches = {};
  const Study study = study_planted(world, problem, options);
  if (!world.root()) return;
  const PairingStudy& pairing = study.pairing;
  const std::size_t n = 6;
  ASSERT_EQ(pairing.expand.size(), n);
  for (std::size_t e = 0; e < n; ++e) {
    const int compress = pairing.compress[static_cast<std::size_t>(pairing.chosen[e])];
    EXPECT_NE(std::ranges::find(problem.truth.blocks, Block{pairing.expand[e], compress}), problem.truth.blocks.end());
    const Piece& in = problem.network.pieces[static_cast<std::size_t>(pairing.expand[e])];
    const Piece& out = problem.network.pieces[static_cast<std::size_t>(compress)];
    double trace = 0;
    for (std::size_t f = 0; f < in.in; ++f) {
      for (std::size_t h = 0; h < in.out; ++h)
        trace += static_cast<double>(out.weight[f * out.in + h]) * static_cast<double>(in.weight[h * in.in + f]);
    }
    EXPECT_NEAR(pairing.traces[e], trace, 1e-4 * std::fabs(trace));
  }
  for (const ScoreStudy& score : pairing.scores) {
    std::size_t wrong = 0;
    double lowest = HUGE_VAL;
    double highest_other = -HUGE_VAL;
    for (std::size_t e = 0; e < n; ++e) {
      const auto own = static_cast<std::size_t>(pairing.chosen[e]);
      const double* const row = &score.score[e * n];
      wrong += *std::max_element(row, row + n) > row[own] ? 1U : 0U;
      lowest = std::min(lowest, row[own]);
      for (std::size_t c = 0; c < n; ++c) highest_other = c == own ? highest_other : std::max(highest_other, row[c]);
    }
    EXPECT_EQ(score.wrong_rows, wrong) << score.name;
    EXPECT_EQ(score.chosen_lowest, lowest) << score.name;
    EXPECT_EQ(score.others_highest, highest_other) << score.name;
    ASSERT_EQ(score.closest.size(), 3U);
    EXPECT_TRUE(std::ranges::is_sorted(score.closest, {}, [](const CloseCall& c) { return c.score - c.rival_score; }));
  }
}

TEST(Study, RefusesUnknownNamesOnAllRanks) {
  const PlantedProblem problem = make_planted(4, 8, 100);
  const mpi::Comm world = mpi::Comm::world();
  for (const auto& change : std::vector<std::function<void(StudyOptions&)>>{
           [](StudyOptions& o) { o.start = "nonsense"; }, [](StudyOptions& o) { o.searches = {"nonsense"}; },
           [](StudyOptions& o) { o.repair_from = {"nonsense"}; }, [](StudyOptions& o) { o.work_rows = -1; },
           [](StudyOptions& o) { o.pairing = "nonsense"; }}) {
    StudyOptions options = quick_options(problem);
    change(options);
    EXPECT_THROW(static_cast<void>(study_planted(world, problem, options)), UsageError);
  }
}

}  // namespace
}  // namespace kintsugi
