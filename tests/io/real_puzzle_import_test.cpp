#include <gtest/gtest.h>

#include <algorithm>

#include "io/import.hpp"
#include "io/table.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

/// The numbers in the CSV are float32 values printed with nine digits: all must come back as such.
bool all_float32(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double v) { return static_cast<double>(static_cast<float>(v)) == v; });
}

TEST(RealPuzzle, ImportAndReadBack) {
  KINTSUGI_REQUIRE_SHARED(puzzle, "puzzle");
  const NetworkF64 network = read_pieces(puzzle / "pieces", Activation::relu);
  const RowsF64 rows = read_table(puzzle / "historical_data.csv").rows;
  check_network(network, rows.shape);
  ASSERT_EQ(network.pieces.size(), 97U);
  EXPECT_EQ(rows.shape.rows, 10'000U);
  EXPECT_EQ(rows.shape.width, 48U);
  EXPECT_EQ(rows.shape.outputs, 1U);
  EXPECT_EQ(rows.targets.size(), 10'000U);
  EXPECT_TRUE(all_float32(rows.inputs));
  EXPECT_TRUE(all_float32(rows.predictions));
  std::map<std::pair<std::size_t, std::size_t>, int> shapes;
  for (const PieceF64& piece : network.pieces) {
    ++shapes[{piece.out, piece.in}];
    EXPECT_EQ(piece.bias.size(), piece.out);
  }
  const std::map<std::pair<std::size_t, std::size_t>, int> expected{{{96, 48}, 48}, {{48, 96}, 48}, {{1, 48}, 1}};
  EXPECT_EQ(shapes, expected);

  const testing::ScratchFolder folder;
  write_problem(folder.path() / "problem.h5", network, rows, {});
  const ProblemFile file(folder.path() / "problem.h5");
  const NetworkF64 again = file.network_f64();
  for (std::size_t i = 0; i < 97; ++i) {
    EXPECT_TRUE(again.pieces[i].weight == network.pieces[i].weight) << i;
    EXPECT_TRUE(again.pieces[i].bias == network.pieces[i].bias) << i;
  }
  const RowsF64 rows_again = file.read_f64(0, 10'000);
  EXPECT_TRUE(rows_again.inputs == rows.inputs);
  EXPECT_TRUE(rows_again.predictions == rows.predictions);
  EXPECT_TRUE(rows_again.targets == rows.targets);
}

TEST(DevelopmentNetworks, ImportAndAnswers) {
  KINTSUGI_REQUIRE_SHARED(networks, "networks");
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(networks)) {
    if (!entry.is_directory()) continue;
    ++found;
    const NetworkF64 network = read_pieces(entry.path() / "pieces", Activation::relu);
    const RowsF64 rows = read_table(entry.path() / "historical_data.csv").rows;
    EXPECT_NO_THROW(check_network(network, rows.shape)) << entry.path();
    EXPECT_TRUE(all_float32(rows.inputs)) << entry.path();
    const std::vector<int> answer = read_answer(entry.path().string() + ".answer.txt");
    EXPECT_EQ(answer.size(), network.pieces.size()) << entry.path();
    EXPECT_NO_THROW(static_cast<void>(from_permutation(answer)));
  }
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace kintsugi
