#include "kintsugi/io/solution_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "io/expect_error.hpp"
#include "io/hdf5_editor.hpp"
#include "io/solution_sample.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;
using testing::file_content;
using testing::Hdf5Editor;
using testing::sample_facts;
using testing::sample_solution;
using testing::solution_network;

class SolutionFiles : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "solution.h5"; }
  void write() const { write_solution(path(), solution_network(), sample_solution(), sample_facts()); }

  template <class Change>
  void expect_refused(Change change, std::initializer_list<std::string> parts) const {
    write();
    {
      Hdf5Editor editor(path());
      change(editor);
    }
    expect_error<InputError>([&] { static_cast<void>(read_solution(path())); }, {"solution.h5"});
    expect_error<InputError>([&] { static_cast<void>(read_solution(path())); }, parts);
  }

  testing::ScratchFolder folder_;
};

std::vector<int> integers(const std::filesystem::path& path, const char* name, std::size_t count) {
  const Hdf5Editor file(path);
  std::vector<int> values(count);
  const hid_t set = Hdf5Editor::check(H5Dopen2(file.file(), name, H5P_DEFAULT));
  const hid_t space = H5Dget_space(set);
  EXPECT_EQ(H5Sget_simple_extent_npoints(space), static_cast<hssize_t>(count));
  Hdf5Editor::check(H5Dread(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  H5Sclose(space);
  H5Dclose(set);
  return values;
}

bool has(const std::filesystem::path& path, const char* name) {
  const Hdf5Editor file(path);
  return H5Lexists(file.file(), name, H5P_DEFAULT) > 0;
}

TEST_F(SolutionFiles, RoundTrip) {
  write();
  const StoredSolution stored = read_solution(path());
  const Solution& read = stored.solution;
  const Solution wrote = sample_solution();
  EXPECT_EQ(read.status, wrote.status);
  EXPECT_EQ(read.permutation, wrote.permutation);
  EXPECT_EQ(read.sha256, wrote.sha256);
  EXPECT_EQ(read.mse, wrote.mse);
  EXPECT_EQ(read.largest_error, wrote.largest_error);
  EXPECT_EQ(read.target, wrote.target);
  EXPECT_EQ(read.rows, wrote.rows);
  EXPECT_EQ(read.evaluations, wrote.evaluations);
  EXPECT_EQ(read.warnings, wrote.warnings);
  EXPECT_EQ(read.times.load, wrote.times.load);
  EXPECT_EQ(read.times.kernels, wrote.times.kernels);
  EXPECT_EQ(read.times.collectives, wrote.times.collectives);
  EXPECT_EQ(read.times.check, wrote.times.check);
  EXPECT_EQ(read.times.total, wrote.times.total);
  EXPECT_EQ(read.explained, wrote.explained);
  EXPECT_EQ(read.by_chance, wrote.by_chance);
  ASSERT_EQ(read.pairs.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.pairs[i].expand, wrote.pairs[i].expand);
    EXPECT_EQ(read.pairs[i].compress, wrote.pairs[i].compress);
    EXPECT_EQ(read.pairs[i].score, wrote.pairs[i].score);
    EXPECT_EQ(read.pairs[i].runner_up, wrote.pairs[i].runner_up);
    EXPECT_EQ(read.pairs[i].runner_up_score, wrote.pairs[i].runner_up_score);
    EXPECT_EQ(read.pairs[i].score_margin, wrote.pairs[i].score_margin);
    EXPECT_EQ(read.pairs[i].trusted, wrote.pairs[i].trusted);
    EXPECT_EQ(read.starts[i].name, wrote.starts[i].name);
    EXPECT_EQ(read.starts[i].mse, wrote.starts[i].mse);
    EXPECT_EQ(read.starts[i].order, wrote.starts[i].order);
    EXPECT_EQ(read.trajectory[i].step, wrote.trajectory[i].step);
    EXPECT_EQ(read.trajectory[i].island, wrote.trajectory[i].island);
    EXPECT_EQ(read.trajectory[i].event, wrote.trajectory[i].event);
    EXPECT_EQ(read.trajectory[i].rows, wrote.trajectory[i].rows);
    EXPECT_EQ(read.trajectory[i].mse, wrote.trajectory[i].mse);
    EXPECT_EQ(read.trajectory[i].best, wrote.trajectory[i].best);
    EXPECT_EQ(read.trajectory[i].moves, wrote.trajectory[i].moves);
    EXPECT_EQ(read.trajectory[i].evaluations, wrote.trajectory[i].evaluations);
    EXPECT_EQ(read.trajectory[i].seconds, wrote.trajectory[i].seconds);
  }
  const RunFacts facts = sample_facts();
  EXPECT_EQ(stored.facts.problem, facts.problem);
  EXPECT_EQ(stored.facts.options, facts.options);
  EXPECT_EQ(stored.facts.version, facts.version);
  EXPECT_EQ(stored.facts.revision, facts.revision);
  EXPECT_EQ(stored.facts.parameters, facts.parameters);
  EXPECT_EQ(stored.facts.ranks, facts.ranks);
  EXPECT_EQ(stored.facts.islands, facts.islands);
  EXPECT_EQ(stored.facts.seed, facts.seed);
  EXPECT_EQ(stored.facts.exit_code, facts.exit_code);
  EXPECT_EQ(stored.facts.fingerprint, facts.fingerprint);
  EXPECT_EQ(stored.facts.host, facts.host);
  EXPECT_EQ(stored.facts.date, facts.date);
  EXPECT_EQ(stored.facts.launch, facts.launch);
}

TEST_F(SolutionFiles, FirstVersionCallsStartsSeeds) {
  write();
  {
    Hdf5Editor editor(path());
    editor.remove_attribute("format_version"), editor.integer("format_version", 1);
    editor.rename("/starts", "/seeds"), editor.rename("/start_orders", "/seed_orders");
  }
  const Solution read = read_solution(path()).solution;
  const Solution wrote = sample_solution();
  ASSERT_EQ(read.starts.size(), 2U);
  EXPECT_EQ(read.starts[1].name, wrote.starts[1].name);
  EXPECT_EQ(read.starts[1].mse, wrote.starts[1].mse);
  EXPECT_EQ(read.starts[1].order, wrote.starts[1].order);
}

TEST_F(SolutionFiles, KnowWhatTheyBelongTo) {
  write();
  const ProblemFingerprint own = sample_facts().fingerprint;
  require_same_problem(path(), own);
  expect_error<InputError>(
      [&] {
        require_same_problem(path(), {"x", own.rows, own.activation});
      },
      {path().string() + ": belongs to a problem with other weights"});
  expect_error<InputError>([&] { require_same_problem(path(), {own.weights, "x", own.activation}); }, {"other rows"});
  expect_error<InputError>(
      [&] {
        require_same_problem(path(), {"x", "x", "tanh"});
      },
      {"other weights and rows, and the activation gelu instead of tanh"});
  // What was written before does not say it.
  { Hdf5Editor(path()).remove_attribute("problem_weights"); }
  require_same_problem(path(), {});
}

TEST_F(SolutionFiles, BlocksAreNumberedByTheirExpandPiece) {
  write();
  EXPECT_EQ(integers(path(), "/permutation", 5), (std::vector<int>{4, 1, 0, 3, 2}));
  EXPECT_EQ(integers(path(), "/order", 2), (std::vector<int>{1, 0}));
  EXPECT_EQ(integers(path(), "/pairing", 4), (std::vector<int>{0, 3, 4, 1}));
}

TEST_F(SolutionFiles, PiecesAreNamedByTheirOwnIndices) {
  Network network = solution_network();
  for (Piece& piece : network.pieces) piece.index += 10;
  write_solution(path(), network, sample_solution(), sample_facts());
  EXPECT_EQ(integers(path(), "/pairing", 4), (std::vector<int>{10, 13, 14, 11}));
  const std::vector<PairScore> pairs = read_solution(path()).solution.pairs;
  EXPECT_EQ(pairs[0].runner_up, 13);
  EXPECT_EQ(pairs[1].runner_up, -1);
}

TEST_F(SolutionFiles, EqualContentGivesEqualBytes) {
  write();
  const std::string first = file_content(path());
  write();
  EXPECT_TRUE(first == file_content(path()));
}

TEST_F(SolutionFiles, NothingToReport) {
  Solution solution = sample_solution();
  solution.pairs.clear();
  solution.starts.clear();
  solution.trajectory.clear();
  solution.warnings.clear();
  write_solution(path(), solution_network(), solution, {});
  const StoredSolution stored = read_solution(path());
  EXPECT_EQ(stored.solution.permutation, solution.permutation);
  EXPECT_TRUE(stored.solution.pairs.empty());
  EXPECT_TRUE(stored.solution.starts.empty());
  EXPECT_TRUE(stored.solution.trajectory.empty());
  EXPECT_TRUE(stored.solution.warnings.empty());
  EXPECT_EQ(stored.facts.problem, "");
}

TEST_F(SolutionFiles, LongTrajectory) {
  Solution solution = sample_solution();
  for (int i = 2; i < 50'000; ++i)
    solution.trajectory.push_back({i, i % 3, Event::kick, 7, 1.0 / i, 1.0 / i, i, i, i * 1e-3});
  write_solution(path(), solution_network(), solution, sample_facts());
  const std::vector<TrajectoryEntry> rows = read_solution(path()).solution.trajectory;
  ASSERT_EQ(rows.size(), 50'000U);
  EXPECT_EQ(rows[49'999].step, 49'999);
  EXPECT_EQ(rows[49'999].event, Event::kick);
  EXPECT_EQ(rows[49'999].mse, 1.0 / 49'999);
}

TEST_F(SolutionFiles, AnswersFromEitherKindOfFile) {
  write();
  EXPECT_EQ(read_answer(path()), (std::vector<int>{4, 1, 0, 3, 2}));
  const std::filesystem::path text = folder_.path() / "answer.txt";
  std::ofstream(text) << " 4, 1,0,\n3,2\n";
  EXPECT_EQ(read_answer(text), (std::vector<int>{4, 1, 0, 3, 2}));
  std::ofstream(text) << "4,1,x";
  expect_error<InputError>([&] { static_cast<void>(read_answer(text)); }, {"answer.txt", "entry 3"});
  std::ofstream(text) << "";
  expect_error<InputError>([&] { static_cast<void>(read_answer(text)); }, {"answer.txt"});
  expect_error<InputError>([] { static_cast<void>(read_answer("/nowhere/answer.txt")); }, {"/nowhere/answer.txt"});
  const std::string whole = file_content(path());
  std::ofstream(path(), std::ios::binary) << whole.substr(0, whole.size() / 2);
  expect_error<InputError>([&] { static_cast<void>(read_answer(path())); },
                           {"solution.h5", "not a readable HDF5 file"});
}

TEST_F(SolutionFiles, KeepsTheLineByTheWeights) {
  write();
  const WeightsLine line = read_solution(path()).solution.line;
  const WeightsLine written = sample_solution().line;
  EXPECT_EQ(line.blocks, written.blocks);
  EXPECT_EQ(line.off, written.off);
  EXPECT_EQ(line.agreement, written.agreement);
  EXPECT_EQ(line.significance, written.significance);
  EXPECT_EQ(line.needed, written.needed);
  EXPECT_EQ(line.places, written.places);
  ASSERT_EQ(line.features.size(), 2U);
  EXPECT_EQ(line.features[0].name, "diag P");
  EXPECT_EQ(line.features[1].side, "writer");
  EXPECT_EQ(line.features[0].smoothness, 0.625);
  EXPECT_FALSE(has(path(), "/reversed"));

  Solution other = sample_solution();
  other.line = {};
  write_solution(path(), solution_network(), other, sample_facts());
  EXPECT_TRUE(read_solution(path()).solution.line.blocks.empty());
}

TEST_F(SolutionFiles, ByWeightsHasBothDirections) {
  Solution solution = sample_solution();
  solution.status = Status::by_weights;
  solution.mse = solution.largest_error = solution.target = std::numeric_limits<double>::quiet_NaN();
  solution.rows = 0;
  solution.trajectory.clear();
  solution.starts.clear();
  write_solution(path(), solution_network(), solution, sample_facts());
  const StoredSolution stored = read_solution(path());
  EXPECT_EQ(stored.solution.status, Status::by_weights);
  EXPECT_TRUE(std::isnan(stored.solution.mse));
  EXPECT_EQ(stored.solution.permutation, (std::vector<int>{4, 1, 0, 3, 2}));
  EXPECT_EQ(integers(path(), "/reversed", 5), (std::vector<int>{0, 3, 4, 1, 2}));
}

TEST_F(SolutionFiles, AProblemIsNoSolution) {
  NetworkF64 network;
  RowsF64 rows;
  rows.shape = {1, 1, 1};
  rows.inputs = {1};
  rows.predictions = {1};
  write_problem(path(), network, rows, {});
  expect_error<InputError>([&] { static_cast<void>(read_answer(path())); }, {"not a kintsugi solution"});
  expect_error<InputError>([&] { static_cast<void>(read_solution(path())); }, {"not a kintsugi solution"});
}

TEST_F(SolutionFiles, Rules) {
  expect_refused([](Hdf5Editor& e) { e.remove("/permutation"); }, {"/permutation", "is missing"});
  expect_refused(
      [](Hdf5Editor& e) {
        e.remove("/permutation"), e.dataset("/permutation", {2}, {1, 2});
      },
      {"/permutation", "integers"});
  expect_refused([](Hdf5Editor& e) { e.remove("/trajectory"); }, {"/trajectory", "is missing"});
  expect_refused(
      [](Hdf5Editor& e) {
        e.remove("/trajectory"), e.dataset("/trajectory", {2}, {1, 2});
      },
      {"/trajectory", "not a table"});
  expect_refused(
      [](Hdf5Editor& e) {
        e.remove("/pair_scores"),
            H5Lcreate_hard(e.file(), "/trajectory", e.file(), "/pair_scores", H5P_DEFAULT, H5P_DEFAULT);
      },
      {"/pair_scores", "no column 'expand'"});
  expect_refused(
      [](Hdf5Editor& e) {
        e.remove("/start_orders"), e.dataset("/start_orders", {1, 2}, {1, 0}, H5T_STD_I32LE);
      },
      {"/start_orders", "1 rows"});
  expect_refused([](Hdf5Editor& e) { e.remove("/warnings"), e.dataset("/warnings", {1}, {1}); },
                 {"/warnings", "texts"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("mse"); }, {"'mse'", "is missing"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("status"), e.fixed_text("status", "perhaps"); },
                 {"'status'", "perhaps"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("format_version"), e.integer("format_version", 4); },
                 {"format_version 4"});
}

TEST_F(SolutionFiles, CallersMistakes) {
  Solution solution = sample_solution();
  solution.starts[0].order.pop_back();
  expect_error<InternalError>([&] { write_solution(path(), solution_network(), solution, {}); }, {"start's order"});
  EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace kintsugi
