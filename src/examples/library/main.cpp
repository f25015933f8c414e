// The library of kintsugi in a program of your own: makes a small network and rows of its predictions, shuffles its
// pieces, has them put back in order, and compares with the truth.
//
//   cmake -B build -DCMAKE_PREFIX_PATH=PREFIX && cmake --build build && mpirun -np 2 build/example
//   or: mpicxx -std=c++20 -O2 main.cpp $(pkg-config --cflags --libs kintsugi) -o example
//
// Exit code 0: the same network came back. 1: another one did. Else that of the error (kintsugi/core/exit_code.hpp).
#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/version.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"
#include "kintsugi/version.hpp"

namespace {

constexpr std::size_t kBlocks = 8;
constexpr std::size_t kWidth = 16;
constexpr std::size_t kHidden = 24;
constexpr std::size_t kRows = 600;

using Normal = std::normal_distribution<float>;

kintsugi::Piece layer(std::mt19937& random, std::size_t out, std::size_t in, float spread) {
  kintsugi::Piece piece;
  piece.out = out;
  piece.in = in;
  piece.weight.resize(out * in);
  piece.bias.resize(out);
  for (float& value : piece.weight) value = Normal(0, spread)(random);
  for (float& value : piece.bias) value = Normal(0, 0.1F)(random);
  return piece;
}

std::vector<double> output_of(const kintsugi::Piece& piece, const std::vector<double>& x) {
  std::vector<double> y(piece.bias.begin(), piece.bias.end());
  for (std::size_t o = 0; o < piece.out; ++o) {
    for (std::size_t i = 0; i < piece.in; ++i) y[o] += static_cast<double>(piece.weight[o * piece.in + i]) * x[i];
  }
  return y;
}

// Blocks whose W_out is mostly -W_in^T, as in networks that were trained, and a head; in order: expand, compress, ...,
// head.
std::vector<kintsugi::Piece> make_layers(std::mt19937& random) {
  std::vector<kintsugi::Piece> layers;
  for (std::size_t b = 0; b < kBlocks; ++b) {
    const kintsugi::Piece expand = layer(random, kHidden, kWidth, 0.25F);
    kintsugi::Piece compress = layer(random, kWidth, kHidden, 0.02F);
    for (std::size_t d = 0; d < kWidth; ++d) {
      for (std::size_t h = 0; h < kHidden; ++h)
        compress.weight[d * kHidden + h] -= 0.2F * expand.weight[h * kWidth + d];
    }
    layers.push_back(expand);
    layers.push_back(compress);
  }
  layers.push_back(layer(random, 1, kWidth, 1));
  return layers;
}

double predict(const std::vector<kintsugi::Piece>& layers, std::vector<double> x) {
  for (std::size_t b = 0; b < kBlocks; ++b) {
    std::vector<double> hidden = output_of(layers[2 * b], x);
    for (double& value : hidden) value = std::max(0.0, value);
    const std::vector<double> residual = output_of(layers[2 * b + 1], hidden);
    for (std::size_t d = 0; d < kWidth; ++d) x[d] += residual[d];
  }
  return output_of(layers.back(), x).front();
}

kintsugi::Rows make_rows(std::mt19937& random, const std::vector<kintsugi::Piece>& layers) {
  kintsugi::Rows rows;
  rows.shape = {kRows, kWidth, 1};
  for (std::size_t r = 0; r < kRows; ++r) {
    std::vector<double> x;
    for (std::size_t d = 0; d < kWidth; ++d) {
      rows.inputs.push_back(Normal(0, 1)(random));
      x.push_back(rows.inputs.back());
    }
    rows.predictions.push_back(static_cast<float>(predict(layers, x)));
  }
  return rows;
}

// Returns whether the same network came back.
bool solve_one(const kintsugi::mpi::Comm& world) {
  std::mt19937 random(7);
  std::vector<kintsugi::Piece> layers = make_layers(random);
  kintsugi::MemoryRows rows(std::make_shared<kintsugi::Rows>(make_rows(random, layers)));

  // Piece i of the puzzle is layer shuffled[i]; the truth lists the layers' new numbers in their order.
  std::vector<std::size_t> shuffled(layers.size());
  for (std::size_t i = 0; i < shuffled.size(); ++i) shuffled[i] = i;
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  kintsugi::Network network;
  std::vector<int> truth(layers.size());
  for (std::size_t i = 0; i < shuffled.size(); ++i) {
    network.pieces.push_back(layers[shuffled[i]]);
    network.pieces.back().index = static_cast<int>(i);
    truth[shuffled[i]] = static_cast<int>(i);
  }

  kintsugi::SolveObserver silent;
  const kintsugi::Solution solution = kintsugi::solve(world, network, rows, {}, silent);
  std::printf("rank %d: %s %s, truth %s\n", world.rank(), std::string(kintsugi::to_string(solution.status)).c_str(),
              kintsugi::format_permutation(solution.permutation).c_str(), kintsugi::format_permutation(truth).c_str());
  return solution.status == kintsugi::Status::solved && solution.permutation == truth;
}

}  // namespace

int main(int argc, char** argv) {
  const kintsugi::mpi::Environment environment(argc, argv);
  const kintsugi::mpi::Comm world = kintsugi::mpi::Comm::world();
  if (kintsugi::version() != KINTSUGI_VERSION_STRING) {
    std::fprintf(stderr, "headers of kintsugi %s, library %s\n", KINTSUGI_VERSION_STRING, kintsugi::version().c_str());
    return 1;
  }
  try {
    return solve_one(world) ? 0 : 1;
  } catch (const kintsugi::Error& error) {
    // Wrong usage and bad input are thrown on all ranks alike. An internal error may be of one rank alone, and the
    // others may wait for it.
    std::fprintf(stderr, "rank %d: %s\n", world.rank(), error.what());
    if (error.code() == kintsugi::ExitCode::internal) kintsugi::mpi::abort(static_cast<int>(error.code()));
    return static_cast<int>(error.code());
  }
}
