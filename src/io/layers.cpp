#include "io/layers.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "io/pickle.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

std::string shape_text(const Tensor& tensor) {
  std::string text = "[";
  for (const std::size_t size : tensor.shape) text += (text.size() > 1 ? " x " : "") + std::to_string(size);
  return text + "]";
}

/// "'weight'" in messages.
std::string quoted(const Tensor& tensor) { return "'" + pickle::printable(tensor.name) + "'"; }

void check_finite(const Tensor& tensor, const std::string& origin) {
  const auto bad = std::find_if(tensor.values.begin(), tensor.values.end(), [](double v) { return !std::isfinite(v); });
  if (bad == tensor.values.end()) return;
  throw InputError(origin + ": element " + std::to_string(bad - tensor.values.begin()) + " of " + quoted(tensor) +
                   " is " + (std::isnan(*bad) ? "nan" : "infinite"));
}

}  // namespace

std::optional<int> trailing_number(const std::string& name, const std::string& origin) {
  const auto first_digit =
      std::find_if_not(name.rbegin(), name.rend(), [](unsigned char c) { return std::isdigit(c) != 0; }).base();
  if (first_digit == name.end()) return std::nullopt;
  int number = 0;
  const char* const end = name.data() + name.size();
  const auto [next, error] = std::from_chars(name.data() + (first_digit - name.begin()), end, number);
  if (error != std::errc{} || next != end) throw InputError(origin + ": its number is too large for a piece's index");
  return number;
}

PieceF64 make_piece(Tensor weight, std::optional<Tensor> bias, const std::string& origin) {
  check_finite(weight, origin);
  if (weight.shape.size() != 2 || weight.values.empty()) {
    throw InputError(origin + ": " + quoted(weight) + " has the shape " + shape_text(weight) +
                     ", but a linear layer's is [out x in]");
  }
  PieceF64 piece;
  piece.out = weight.shape[0];
  piece.in = weight.shape[1];
  piece.weight = std::move(weight.values);
  if (!bias) return piece;
  check_finite(*bias, origin);
  if (bias->shape.size() != 1 || bias->shape[0] != piece.out) {
    throw InputError(origin + ": " + quoted(*bias) + " has the shape " + shape_text(*bias) + ", but the weight has " +
                     std::to_string(piece.out) + " rows");
  }
  piece.bias = std::move(bias->values);
  return piece;
}

namespace {

struct Layer {
  std::string name;
  std::optional<Tensor> weight;
  std::optional<Tensor> bias;
};

/// A tensor's layer and which of its two parts it is.
struct Part {
  std::string layer;
  bool is_weight = false;
};

Part part_of(const Tensor& tensor, const std::string& origin) {
  constexpr std::string_view kSeparators = "._/";
  for (const std::string_view ending : {"weight", "bias"}) {
    if (!tensor.name.ends_with(ending)) continue;
    std::string layer = tensor.name.substr(0, tensor.name.size() - ending.size());
    if (!layer.empty()) {
      if (kSeparators.find(layer.back()) == std::string_view::npos) continue;
      layer.pop_back();
    }
    return {std::move(layer), ending == "weight"};
  }
  throw InputError(origin + ": has the key " + quoted(tensor) +
                   "; linear layers have keys like '0.inp.weight' and '0.inp.bias', and nothing else may be there");
}

std::vector<Layer> group_tensors(std::vector<Tensor> tensors, const std::string& origin) {
  std::vector<Layer> layers;
  std::map<std::string, std::size_t> place_of;
  for (Tensor& tensor : tensors) {
    const Part part = part_of(tensor, origin);
    const auto [found, is_new] = place_of.emplace(part.layer, layers.size());
    if (is_new) layers.emplace_back().name = part.layer;
    Layer& layer = layers[found->second];
    std::optional<Tensor>& slot = part.is_weight ? layer.weight : layer.bias;
    if (slot) throw InputError(origin + ": " + quoted(*slot) + " and " + quoted(tensor) + " are the same part");
    slot = std::move(tensor);
  }
  for (const Layer& layer : layers) {
    if (!layer.weight) throw InputError(origin + ": " + quoted(*layer.bias) + " is there without a weight");
  }
  return layers;
}

/// Each layer's index: the number it ends in, or its place where these numbers are not 0, 1, ..., each once.
std::vector<int> indices_of(const std::vector<Layer>& layers, const std::string& origin) {
  std::vector<int> places(layers.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int>(i);
  std::vector<int> numbers;
  for (const Layer& layer : layers) {
    constexpr std::size_t kLongest = 9;  // digits that fit an int; a name may end in a longer number
    const std::string end = layer.name.substr(layer.name.size() - std::min(layer.name.size(), kLongest));
    numbers.push_back(trailing_number(end, origin).value_or(-1));
  }
  std::vector<int> sorted = numbers;
  std::ranges::sort(sorted);
  return sorted == places ? numbers : places;
}

}  // namespace

std::vector<PieceF64> pieces_of(std::vector<Tensor> tensors, const std::string& origin) {
  std::vector<Layer> layers = group_tensors(std::move(tensors), origin);
  if (layers.empty()) throw InputError(origin + ": holds no layers");
  const std::vector<int> indices = indices_of(layers, origin);
  std::vector<PieceF64> pieces(layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    PieceF64 piece = make_piece(std::move(*layers[i].weight), std::move(layers[i].bias), origin);
    piece.index = indices[i];
    piece.source = origin + (layers[i].name.empty() ? "" : ": " + pickle::printable(layers[i].name));
    pieces[static_cast<std::size_t>(indices[i])] = std::move(piece);
  }
  return pieces;
}

}  // namespace kintsugi
