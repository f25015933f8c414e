#include "depth/block_features.hpp"

#include <algorithm>
#include <functional>

#include "core/stop.hpp"

namespace kintsugi {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Weight = Eigen::Map<const RowMajor>;

Weight weight_of(const Piece& piece) {
  return {piece.weight.data(), static_cast<Eigen::Index>(piece.out), static_cast<Eigen::Index>(piece.in)};
}

Eigen::VectorXf bias_of(const Piece& piece) {
  if (piece.bias.empty()) return Eigen::VectorXf::Zero(static_cast<Eigen::Index>(piece.out));
  return Eigen::Map<const Eigen::VectorXf>(piece.bias.data(), static_cast<Eigen::Index>(piece.bias.size()));
}

/// A block's pieces.
struct BlockWeights {
  Weight w_in, w_out;
  Eigen::VectorXf b_in, b_out;
};

/// A matrix as one long vector.
Eigen::VectorXf flat(const Eigen::MatrixXf& matrix) { return matrix.reshaped(); }

struct Feature {
  std::string_view name;
  Side side;
  std::function<Eigen::VectorXf(const BlockWeights&)> of;
};

std::vector<Feature> features(const Weight& head) {
  using B = const BlockWeights&;
  return {
      {"W_out rows", Side::writer, [](B b) -> Eigen::VectorXf { return b.w_out.rowwise().norm(); }},
      {"W_in columns", Side::reader, [](B b) -> Eigen::VectorXf { return b.w_in.colwise().norm().transpose(); }},
      {"b_out", Side::writer, [](B b) { return b.b_out; }},
      {"W_in^T b_in", Side::reader, [](B b) -> Eigen::VectorXf { return b.w_in.transpose() * b.b_in; }},
      {"W_in^T W_in", Side::reader, [](B b) { return flat(b.w_in.transpose() * b.w_in); }},
      {"W_out W_out^T", Side::writer, [](B b) { return flat(b.w_out * b.w_out.transpose()); }},
      {"P", Side::both, [](B b) { return flat(b.w_out * b.w_in); }},
      {"diag P", Side::both,
       [](B b) -> Eigen::VectorXf { return b.w_out.cwiseProduct(b.w_in.transpose()).rowwise().sum(); }},
      {"head P", Side::both, [head](B b) { return flat((head * b.w_out) * b.w_in); }},
      {"head W_out W_out^T", Side::writer, [head](B b) { return flat((head * b.w_out) * b.w_out.transpose()); }},
  };
}

// Of each two columns, in panels between which a stop is heard. They have the bits of the product as a whole: panels
// are a multiple of what the product's kernel takes at once.
Eigen::MatrixXf products_of_columns(const Eigen::MatrixXf& values) {
  constexpr Eigen::Index kPanel = 64;
  Eigen::MatrixXf products(values.cols(), values.cols());
  for (Eigen::Index first = 0; first < values.cols();) {
    throw_if_stopped();
    const Eigen::Index left = values.cols() - first;
    const Eigen::Index columns = left < 2 * kPanel ? left : kPanel;
    products.middleCols(first, columns).noalias() = values.transpose() * values.middleCols(first, columns);
    first += columns;
  }
  return products;
}

// Cosines of the columns of `values`, one for each block, with the mean column taken off.
Eigen::MatrixXd centred_cosines(Eigen::MatrixXf& values) {
  values.colwise() -= values.rowwise().mean().eval();
  for (Eigen::Index b = 0; b < values.cols(); ++b) {
    const float norm = values.col(b).norm();
    if (norm > 0) values.col(b) /= norm;
  }
  Eigen::MatrixXd cosines = products_of_columns(values).cast<double>();
  cosines.diagonal().setZero();
  return cosines;
}

}  // namespace

std::vector<FeatureSimilarity> block_similarities(const Network& network, const Blocks& pairing, int head) {
  const auto piece = [&](int position) -> const Piece& { return network.pieces[static_cast<std::size_t>(position)]; };
  std::vector<FeatureSimilarity> similarities;
  for (const Feature& feature : features(weight_of(piece(head)))) {
    Eigen::MatrixXf values;
    for (std::size_t b = 0; b < pairing.size(); ++b) {
      throw_if_stopped();
      const Piece& expand = piece(pairing[b].expand);
      const Piece& compress = piece(pairing[b].compress);
      const Eigen::VectorXf value =
          feature.of({weight_of(expand), weight_of(compress), bias_of(expand), bias_of(compress)});
      if (b == 0) values.resize(value.size(), static_cast<Eigen::Index>(pairing.size()));
      values.col(static_cast<Eigen::Index>(b)) = value;
    }
    Eigen::MatrixXd cosines = centred_cosines(values);
    if (cosines.cwiseAbs().sum() > 0) similarities.push_back({feature.name, feature.side, std::move(cosines)});
  }
  return similarities;
}

}  // namespace kintsugi
