#include "kintsugi/core/problem_fingerprint.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/stop.hpp"
#include "kintsugi/core/assembly.hpp"

namespace kintsugi {

namespace {

std::string digest(std::span<const float> values) {
  return sha256_hex({reinterpret_cast<const char*>(values.data()), values.size_bytes()}) + '\n';
}

std::string digest(const Network& network) {
  std::string text;
  for (const Piece& piece : network.pieces) {
    throw_if_stopped();
    text.append(std::to_string(piece.index)).append(" ").append(std::to_string(piece.out)).append(" ");
    text.append(std::to_string(piece.in)).append("\n").append(digest(piece.weight)).append(digest(piece.bias));
    if (!piece.gate_weight.empty()) text.append(digest(piece.gate_weight)).append(digest(piece.gate_bias));
    if (!piece.normed) text.append("without a norm\n");
  }
  return sha256_hex(text);
}

std::string digest(RowSource& rows) {
  constexpr std::size_t kMostNumbers = std::size_t{1} << 24;
  constexpr std::size_t kSlabs = 256;
  constexpr std::size_t kSlabRows = 32;
  const RowShape shape = rows.shape();
  const std::size_t slab = std::max<std::size_t>(kSlabRows, kMostNumbers / (kSlabs * (shape.width + shape.outputs)));
  const std::size_t slabs = (shape.rows + slab - 1) / slab;
  const bool all = slabs <= kSlabs;
  const std::size_t taken = all ? slabs : kSlabs;
  const std::size_t height = all ? slab : kSlabRows;
  std::string text =
      std::to_string(shape.rows) + ' ' + std::to_string(shape.width) + ' ' + std::to_string(shape.outputs) + '\n';
  for (std::size_t i = 0; i < taken; ++i) {
    throw_if_stopped();
    const std::size_t first = all ? i * slab : (shape.rows - height) * i / (taken - 1);
    const std::size_t count = std::min(height, shape.rows - first);
    std::vector<float> inputs(count * shape.width);
    std::vector<float> predictions(count * shape.outputs);
    rows.read(first, count, inputs, predictions);
    text.append(digest(inputs)).append(digest(predictions));
  }
  return sha256_hex(text);
}

}  // namespace

ProblemFingerprint problem_fingerprint(const Network& network, RowSource& rows) {
  std::string activation = to_string(network.activation);
  if (!network.form.plain()) activation.append(", ").append(to_string(network.form));
  return {digest(network), digest(rows), std::move(activation)};
}

std::string differences(const ProblemFingerprint& theirs, const ProblemFingerprint& ours) {
  const bool other_weights = theirs.weights != ours.weights;
  const bool other_rows = theirs.rows != ours.rows;
  std::string parts = other_weights ? "other weights" : "";
  if (other_rows) parts.append(other_weights ? " and rows" : "other rows");
  if (theirs.activation != ours.activation) {
    parts.append(parts.empty() ? "" : ", and ").append("the activation ").append(theirs.activation);
    parts.append(" instead of ").append(ours.activation);
  }
  return parts.empty() ? "" : "belongs to a problem with " + parts;
}

}  // namespace kintsugi
