#include "depth/weights_line.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace kintsugi {

namespace {

std::string side_word(Side side) {
  if (side == Side::both) return "both";
  return side == Side::reader ? "reader" : "writer";
}

// Blocks that have a copy in the pairing: their features say that copies belong together, wherever these are.
std::vector<bool> copies(const Network& network, const Blocks& pairing) {
  const auto equal = [&](int a, int b) {
    const Piece& one = network.pieces[static_cast<std::size_t>(a)];
    const Piece& other = network.pieces[static_cast<std::size_t>(b)];
    return one.weight == other.weight && one.bias == other.bias;
  };
  std::vector<bool> found(pairing.size(), false);
  for (std::size_t a = 0; a < pairing.size(); ++a) {
    for (std::size_t b = a + 1; b < pairing.size(); ++b) {
      if (!equal(pairing[a].expand, pairing[b].expand) || !equal(pairing[a].compress, pairing[b].compress)) continue;
      found[a] = found[b] = true;
    }
  }
  return found;
}

// Places are whole numbers, and no better known than by half a place to each side.
double with_rounding(double off) { return std::sqrt(off * off + 1.0 / 12); }

}  // namespace

LineStudy study_line(const Network& network, const Blocks& pairing, int head, const SeriationParameters& parameters) {
  LineStudy study;
  study.features = block_similarities(network, pairing, head);
  study.lines = seriate(study.features, parameters);
  std::vector<int> order(pairing.size());
  std::iota(order.begin(), order.end(), 0);
  if (!study.lines.empty()) order = study.lines.front().order;
  study.trust = split_half_trust(study.features, order, parameters);

  const auto blocks = static_cast<double>(pairing.size());
  const double anywhere = std::sqrt(std::max(0.0, blocks * blocks - 1) / 12);
  const bool told = !study.lines.empty();
  const bool trusted = told && study.trust.significance >= parameters.significance;
  const std::vector<bool> copied = copies(network, pairing);
  WeightsLine& line = study.line;
  line.agreement = study.trust.agreement;
  line.significance = study.trust.significance;
  line.needed = parameters.significance;
  line.places = trusted ? with_rounding(study.trust.places) : anywhere;
  line.blocks.reserve(order.size());
  line.off.reserve(order.size());
  for (const int block : order) {
    const auto b = static_cast<std::size_t>(block);
    line.blocks.push_back(pairing[b]);
    line.off.push_back(trusted && !copied[b] ? with_rounding(study.trust.block_places[b]) : anywhere);
  }
  line.features.reserve(study.features.size());
  for (std::size_t f = 0; f < study.features.size() && told; ++f) {
    const FeatureSimilarity& feature = study.features[f];
    line.features.push_back({std::string(feature.name), side_word(feature.side), study.lines.front().weights[f]});
  }
  return study;
}

Eigen::MatrixXd similarity_along(const LineStudy& study) {
  const auto blocks = static_cast<Eigen::Index>(study.line.blocks.size());
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(blocks, blocks);
  if (study.lines.empty()) return sum;
  for (std::size_t f = 0; f < study.features.size(); ++f)
    sum += study.lines.front().weights[f] * to_unit_spread(study.features[f].cosines);
  return to_unit_spread(sum);
}

}  // namespace kintsugi
