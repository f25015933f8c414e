#include "pairing/made_network.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>

#include "core/random.hpp"

namespace kintsugi::testing {

namespace {

std::vector<double> normals(Random& random, std::size_t count, double deviation) {
  std::vector<double> values(count);
  for (double& value : values) value = deviation * random.normal();
  return values;
}

std::vector<double> scales(Random& random, std::size_t count, double spread) {
  std::vector<double> values = normals(random, count, spread);
  for (double& value : values) value = std::exp(value);
  return values;
}

Piece make_piece(std::size_t out, std::size_t in) {
  Piece piece;
  piece.out = out;
  piece.in = in;
  piece.weight.resize(out * in);
  return piece;
}

struct Pieces {
  Piece expand;
  Piece compress;
};

Pieces make_block(const MadeOptions& options, std::size_t h, const std::vector<double>& stream,
                  const std::vector<double>& common, Random& random) {
  const std::size_t d = options.width;
  const double own =
      std::sqrt(std::max(0.0, 1 - options.dominance * options.dominance - options.common * options.common));
  const double deviation = 1 / std::sqrt(static_cast<double>(d));
  const std::vector<double> unit = scales(random, h, options.balance);
  const std::vector<double> e = normals(random, h * d, deviation);  // [h x d]
  Pieces pieces{make_piece(h, d), make_piece(d, h)};
  for (std::size_t j = 0; j < h; ++j) {
    for (std::size_t a = 0; a < d; ++a) {
      double through = 0;  // K e_j
      for (std::size_t b = 0; b < d; ++b) through += common[a * d + b] * e[j * d + b];
      const double c = -options.dominance * e[j * d + a] + options.common * through + own * deviation * random.normal();
      pieces.expand.weight[j * d + a] = static_cast<float>(unit[j] * stream[a] * e[j * d + a]);
      pieces.compress.weight[a * h + j] = static_cast<float>(unit[j] * stream[a] * c);
    }
  }
  return pieces;
}

}  // namespace

int MadeNetwork::partner(int expand) const {
  for (const Block& block : truth.blocks) {
    if (block.expand == expand) return block.compress;
  }
  return -1;
}

MadeNetwork make_network(const MadeOptions& options) {
  const std::size_t d = options.width;
  const std::vector<double> stream = [&] {
    Random random(options.seed, 1);
    return scales(random, d, options.stream);
  }();
  std::vector<double> common = [&] {
    Random random(options.seed, 2);
    return normals(random, d * d, 1 / std::sqrt(static_cast<double>(d)));
  }();
  for (std::size_t a = 0; a < d; ++a) common[a * d + a] = 0;

  std::vector<Piece> pieces;
  for (std::size_t b = 0; b < options.blocks; ++b) {
    Random random(options.seed, 3, b);
    Pieces block = make_block(options, options.hidden[b % options.hidden.size()], stream, common, random);
    pieces.push_back(std::move(block.expand));
    pieces.push_back(std::move(block.compress));
  }
  pieces.push_back(make_piece(options.outputs, d));
  blank(pieces.back(), options.seed + 1000);
  for (std::size_t i = 0; i < pieces.back().weight.size(); ++i) {
    pieces.back().weight[i] *= static_cast<float>(stream[i % d]);
  }

  std::vector<int> place(pieces.size());  // of each piece in the shuffled network
  std::iota(place.begin(), place.end(), 0);
  Random(options.seed, 4).shuffle(std::span(place));
  MadeNetwork made;
  made.network.pieces.resize(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i].index = place[i];
    pieces[i].source = "made/" + std::to_string(place[i]);
    made.network.pieces[static_cast<std::size_t>(place[i])] = std::move(pieces[i]);
  }
  for (std::size_t b = 0; b < options.blocks; ++b) {
    made.truth.blocks.push_back({place[2 * b], place[2 * b + 1]});
    made.roles.expand.push_back(place[2 * b]);
    made.roles.compress.push_back(place[2 * b + 1]);
  }
  std::sort(made.roles.expand.begin(), made.roles.expand.end());
  std::sort(made.roles.compress.begin(), made.roles.compress.end());
  made.truth.head = made.roles.head = place.back();
  made.roles.width = d;
  made.roles.outputs = options.outputs;
  made.shape = {100, d, options.outputs};
  return made;
}

void blank(Piece& piece, std::uint64_t seed) {
  Random random(seed, 5);
  const double deviation = 1 / std::sqrt(static_cast<double>(piece.in));
  for (float& w : piece.weight) w = static_cast<float>(deviation * random.normal());
}

}  // namespace kintsugi::testing
