// write_sample_files FOLDER: puts problem.h5 and solution.h5 there, for h5py_reads.py to look at, and reads them back,
// without MPI.
#include <filesystem>
#include <iostream>

#include "io/solution_sample.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace {

using namespace kintsugi;

/// Every number says where it belongs: piece, row and column can be read from it.
void write_sample_problem(const std::filesystem::path& path) {
  NetworkF64 network;
  network.activation = Activation::gelu;
  const std::pair<std::size_t, std::size_t> shapes[] = {{4, 3}, {3, 4}, {2, 3}, {3, 4}, {4, 3}};
  for (const auto& [out, in] : shapes) {
    PieceF64 piece;
    piece.index = static_cast<int>(network.pieces.size());
    piece.out = out;
    piece.in = in;
    piece.source = "pieces/piece_" + std::to_string(piece.index) + ".pth";
    const double step = piece.index == 3 ? 0.1 : 0.125;  // piece 3 needs float64
    for (std::size_t i = 0; i < out * in; ++i)
      piece.weight.push_back(100 * piece.index + step * static_cast<double>(i));
    for (std::size_t i = 0; piece.index != 2 && i < out; ++i) piece.bias.push_back(-static_cast<double>(i));
    network.pieces.push_back(piece);
  }
  RowsF64 rows;
  rows.shape = {7, 3, 2};
  for (int i = 0; i < 21; ++i) rows.inputs.push_back(i + 0.5);
  for (int i = 0; i < 14; ++i) rows.predictions.push_back(1000 + i);
  for (int i = 0; i < 14; ++i) rows.targets.push_back(-1000 - i);
  write_problem(path, network, rows, {{"created_by", "write_sample_files"}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_sample_files FOLDER\n";
    return 1;
  }
  try {
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    write_sample_problem(folder / "problem.h5");
    write_solution(folder / "solution.h5", testing::solution_network(), testing::sample_solution(),
                   testing::sample_facts());
    ProblemFile problem(folder / "problem.h5");
    const std::size_t pieces = problem.network().pieces.size();
    if (pieces != read_answer(folder / "solution.h5").size()) throw InternalError("pieces and answer differ");
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 5;
  }
  return 0;
}
