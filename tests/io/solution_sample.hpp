#pragma once

#include "kintsugi/io/solution_file.hpp"

namespace kintsugi::testing {

/// A solution of 2 blocks with something in every field. Piece indices equal positions.
inline Network solution_network() {
  Network network;
  for (int i = 0; i < 5; ++i) {
    Piece piece;
    piece.index = i;
    network.pieces.push_back(piece);
  }
  return network;
}

inline Solution sample_solution() {
  Solution solution;
  solution.status = Status::time_limit;
  solution.assembly = {{{4, 1}, {0, 3}}, 2};
  solution.permutation = to_permutation(solution.assembly);
  solution.sha256 = sha256_hex(format_permutation(solution.permutation));
  solution.mse = 1.25e-14;
  solution.largest_error = 3e-7;
  solution.target = 2e-13;
  solution.rows = 7;
  solution.pairs = {{4, 1, 2.5, 3, 0.25, 2.25, true}, {0, 3, 0.5, -1, 0, -0.125, false}};
  solution.starts = {{"wout-frobenius", 0.5, {1, 0}}, {"greedy-reversed", 0.75, {0, 1}}};
  solution.trajectory = {{0, 0, Event::start, 5, 0.5, 0.5, 0, 1, 0.001},
                         {1, 2, Event::insertion, 7, 1e-14, 1e-14, 3, 1'000'000'000'000, 0.25}};
  solution.evaluations = 1'000'000'000'000;
  solution.warnings = {"block 1 is not to be trusted", "grüße"};
  solution.line.blocks = {{0, 3}, {4, 1}};
  solution.line.off = {0.5, 1.25};
  solution.line.agreement = 0.75;
  solution.line.significance = 4.5;
  solution.line.needed = 3;
  solution.line.places = 0.875;
  solution.line.features = {{"diag P", "both", 0.625}, {"b_out", "writer", 0}};
  solution.explained = 0.0625;
  solution.by_chance = 0.03125;
  solution.times = {.load = 0.125,
                    .pairing = 0.25,
                    .seeding = 0.5,
                    .search = 1,
                    .kernels = 0.75,
                    .collectives = 0.375,
                    .check = 2,
                    .total = 4};
  return solution;
}

inline RunFacts sample_facts() {
  return {"data/problem.h5",
          "seed = 7\nislands = 2\n",
          "0.2.0",
          "1a2b3c4d5e-dirty",
          std::string(64, 'f'),
          4,
          2,
          18446744073709551615ULL,
          4,
          {std::string(64, 'a'), std::string(64, 'b'), "gelu"},
          "node1",
          "2026-01-31T12:00:00Z",
          "kintsugi solve data/problem.h5"};
}

}  // namespace kintsugi::testing
