#include "objective/weights.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::roles_of;

void expect_layer(const Piece& piece, const float* weight, const float* transposed, const float* bias) {
  for (const float* const part : {weight, transposed, bias}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(part) % 64, 0U) << "aligned";
  }
  for (std::size_t i = 0; i < piece.out; ++i) {
    EXPECT_EQ(bias[i], piece.bias.empty() ? 0.0F : piece.bias[i]);
    for (std::size_t j = 0; j < piece.in; ++j) {
      EXPECT_EQ(weight[i * piece.in + j], piece.weight[i * piece.in + j]);
      EXPECT_EQ(transposed[j * piece.out + i], piece.weight[i * piece.in + j]);
    }
  }
}

TEST(SharedWeights, AreRankZerosNetworkOnAllRanks) {
  const mpi::Comm world = mpi::Comm::world();
  for (const bool biases : {true, false}) {
    PlantedProblem problem = outputs_problem(2);
    if (!biases) {
      for (Piece& piece : problem.network.pieces) piece.bias.clear();
    }
    const Roles roles = roles_of(problem);
    const SharedWeights weights(world, world.root() ? problem.network : Network{}, world.root() ? roles : Roles{});
    EXPECT_EQ(weights.roles().expand, roles.expand);
    EXPECT_EQ(weights.roles().compress, roles.compress);
    EXPECT_EQ(weights.roles().head, roles.head);
    EXPECT_EQ(weights.roles().width, roles.width);
    EXPECT_EQ(weights.roles().outputs, roles.outputs);
    EXPECT_EQ(weights.activation(), problem.network.activation);
    const auto piece = [&](int position) { return problem.network.pieces[static_cast<std::size_t>(position)]; };
    for (const Block& block : problem.truth.blocks) {
      EXPECT_EQ(weights.hidden(block.expand), piece(block.expand).out);
      EXPECT_EQ(weights.hidden(block.compress), piece(block.compress).in);
      const kernels::BlockWeights found = weights.block(block);
      expect_layer(piece(block.expand), found.w_in, found.w_in_t, found.b_in);
      expect_layer(piece(block.compress), found.w_out, found.w_out_t, found.b_out);
    }
    const Piece head = piece(roles.head);
    for (std::size_t i = 0; i < head.weight.size(); ++i) EXPECT_EQ(weights.head_weight()[i], head.weight[i]);
    for (std::size_t i = 0; i < head.out; ++i) EXPECT_EQ(weights.head_bias()[i], biases ? head.bias[i] : 0.0F);
  }
}

}  // namespace
}  // namespace kintsugi
