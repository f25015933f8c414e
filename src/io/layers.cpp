#include "io/layers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <string_view>

#include "io/layer_names.hpp"
#include "io/state_dicts.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// "'weight'" in messages.
std::string quoted(const StoredTensor& tensor) { return kintsugi::quoted(name_of(tensor)); }

void check_finite(const std::vector<double>& values, const StoredTensor& tensor, const std::string& origin) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  throw InputError(origin + ": element " + std::to_string(bad - values.begin()) + " of " + quoted(tensor) + " is " +
                   (std::isnan(*bad) ? "nan" : "infinite"));
}

std::vector<double> read_floats(const StoredTensor& tensor, const std::string& origin) {
  if (!tensor.problem.empty()) throw InputError(origin + ": " + quoted(tensor) + " " + tensor.problem);
  if (!is_float(tensor.type)) {
    throw InputError(origin + ": " + quoted(tensor) + " has " + std::string(to_string(tensor.type)) +
                     " numbers, but a layer's have a fraction; is it quantized? Save it in float32");
  }
  std::vector<double> values = tensor.read();
  check_finite(values, tensor, origin);
  return values;
}

PieceF64 make_piece(const StoredTensor& weight, const std::optional<StoredTensor>& bias, const std::string& origin) {
  if (!weight.problem.empty()) throw InputError(origin + ": " + quoted(weight) + " " + weight.problem);
  const bool flat = is_vector(weight);
  if (!flat && (weight.shape.size() != 2 || weight.shape[0] == 0 || weight.shape[1] == 0)) {
    throw InputError(origin + ": " + quoted(weight) + " has the shape " + shape_text(weight.shape) +
                     ", but a linear layer's is [out x in]");
  }
  PieceF64 piece;
  piece.out = weight.shape[0];
  piece.in = flat ? 0 : weight.shape[1];
  if (bias && bias->problem.empty() && (bias->shape.size() != 1 || bias->shape[0] != piece.out)) {
    const bool is_turned = !flat && bias->shape.size() == 1 && bias->shape[0] == piece.in;
    throw InputError(origin + ": " + quoted(*bias) + " has the shape " + shape_text(bias->shape) +
                     ", but the weight has " + std::to_string(piece.out) + " rows" +
                     (is_turned ? " (is the weight transposed, [in x out]? It must be [out x in])" : ""));
  }
  piece.weight = read_floats(weight, origin);
  const bool is_zero = std::ranges::all_of(piece.weight, [](double value) { return value == 0; });
  if (is_zero && element_size(weight.type) == 1) {  // in wider types, zeros are what somebody wanted
    throw InputError(origin + ": " + quoted(weight) + " is 0 throughout in " + std::string(to_string(weight.type)) +
                     ": the numbers were too small for that type, or were not saved");
  }
  if (bias) piece.bias = read_floats(*bias, origin);
  return piece;
}

struct Layer {
  std::string name;
  std::optional<StoredTensor> weight;
  std::optional<StoredTensor> bias;
};

/// Names of single numbers that say how training went.
bool is_of_progress(std::string key) {
  constexpr std::array<std::string_view, 11> kWords{"loss", "acc",   "best",  "epoch",  "step",         "iter",
                                                    "time", "score", "error", "metric", "learning_rate"};
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key == "lr" ||
         std::ranges::any_of(kWords, [&](std::string_view word) { return key.find(word) != std::string::npos; });
}

/// Whether the tensor is the state of a generator of random numbers.
bool is_random_state(const StoredTensor& tensor) {
  const std::string name = name_of(tensor);
  const bool is_named = name.find("rng") != std::string::npos || name.find("random") != std::string::npos;
  return is_named && is_readable(tensor.type) && !is_float(tensor.type) && !tensor.is_plain && tensor.problem.empty();
}

/// Whether the tensor is a counter or the like, without which the network is the same: one integer that no layer has,
/// or one number of training. Scales and zero points are of quantized layers.
bool is_counter(const StoredTensor& tensor, const std::vector<Layer>& layers) {
  const bool is_single = std::ranges::all_of(tensor.shape, [](std::size_t size) { return size == 1; });
  if (!is_single || tensor.is_plain || !tensor.problem.empty()) return false;
  const std::string name = name_of(tensor);
  if (name.find("scale") != std::string::npos || name.find("zero_point") != std::string::npos) return false;
  const std::size_t dot = name.find_last_of("./");
  const std::string owner = dot == std::string::npos ? "" : name.substr(0, dot);
  const bool is_layers = !owner.empty() && std::ranges::find(layers, owner, &Layer::name) != layers.end();
  if (is_float(tensor.type)) return is_of_progress(dot == std::string::npos ? name : name.substr(dot + 1));
  return is_readable(tensor.type) && !is_layers;
}

void check_others(const std::vector<StoredTensor>& others, const std::vector<Layer>& layers, const std::string& origin,
                  LeftOut& left_out) {
  std::vector<std::string> counters;
  for (const StoredTensor& tensor : others) {
    if (is_counter(tensor, layers) || is_random_state(tensor)) {
      counters.push_back(quoted(tensor));
      continue;
    }
    if (is_vector(tensor)) {
      throw InputError(origin + ": " + quoted(tensor) + " " + shape_text(tensor.shape) + " " + kUnknownVector);
    }
    throw InputError(
        origin + ": has the key " + quoted(tensor) +
        (tensor.problem.empty() ? std::string(" ").append(shape_text(tensor.shape)) : ", which " + tensor.problem) +
        "; linear layers have keys like '0.inp.weight' and '0.inp.bias', and a network with other tensors "
        "is another one");
  }
  constexpr std::size_t kListed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, counters.size()); ++i)
    text.append(i == 0 ? "" : ", ").append(counters[i]);
  if (counters.size() > kListed) text.append(", ... (").append(std::to_string(counters.size())).append(" numbers)");
  if (!counters.empty()) left_out.add(origin, text);
}

std::vector<Layer> group_tensors(std::vector<StoredTensor> tensors, const std::string& origin, LeftOut& left_out) {
  std::vector<Layer> layers;
  std::vector<StoredTensor> others;
  std::map<std::string, std::size_t> place_of;
  for (StoredTensor& tensor : choose_state_dict(std::move(tensors), origin, left_out)) {
    const std::optional<LayerPart> part = part_of(name_of(tensor));
    if (!part && is_vector(tensor) && is_named_as_scale(name_of(tensor))) {
      layers.push_back({name_of(tensor), std::move(tensor), std::nullopt});
      continue;
    }
    if (!part) {
      others.push_back(std::move(tensor));
      continue;
    }
    const auto [found, is_new] = place_of.emplace(part->layer, layers.size());
    if (is_new) layers.emplace_back().name = part->layer;
    Layer& layer = layers[found->second];
    std::optional<StoredTensor>& slot = part->is_weight ? layer.weight : layer.bias;
    if (slot) throw InputError(origin + ": " + quoted(*slot) + " and " + quoted(tensor) + " are the same part");
    slot = std::move(tensor);
  }
  check_others(others, layers, origin, left_out);
  for (const Layer& layer : layers) {
    if (!layer.weight) throw InputError(origin + ": " + quoted(*layer.bias) + " is there without a weight");
  }
  return layers;
}

std::string list_names(const std::vector<Layer>& layers) {
  constexpr std::size_t kListed = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, layers.size()); ++i) {
    text.append(text.empty() ? "" : ", ").append(kintsugi::quoted(layers[i].name));
  }
  return layers.size() > kListed ? text + ", ..." : text;
}

}  // namespace

void LeftOut::add(const std::string& origin, const std::string& what) {
  Place& place = places_[what];
  if (place.files++ == 0) place.first = origin;
}

std::vector<std::string> LeftOut::sentences() const {
  std::vector<std::string> result;
  result.reserve(places_.size());
  for (const auto& [what, place] : places_) {
    std::string text = place.first;
    if (place.files > 1) text.append(" (and ").append(std::to_string(place.files - 1)).append(" more)");
    result.push_back(text.append(": left out ").append(what));
  }
  return result;
}

std::vector<PieceF64> pieces_of(std::vector<StoredTensor> tensors, const std::string& origin, LeftOut& left_out) {
  const std::vector<Layer> layers = group_tensors(std::move(tensors), origin, left_out);
  std::vector<std::string> names;
  names.reserve(layers.size());
  for (const Layer& layer : layers) names.push_back(layer.name);
  const std::vector<int> indices = indices_of(names);
  std::vector<PieceF64> pieces(layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    PieceF64 piece = make_piece(*layers[i].weight, layers[i].bias, origin);
    piece.index = indices[i];
    piece.source = origin + (layers[i].name.empty() ? "" : ": " + printable(layers[i].name));
    pieces[static_cast<std::size_t>(indices[i])] = std::move(piece);
  }
  return pieces;
}

PieceF64 piece_of(std::vector<StoredTensor> tensors, const std::string& origin, LeftOut& left_out) {
  const std::vector<Layer> layers = group_tensors(std::move(tensors), origin, left_out);
  if (layers.size() != 1) {
    throw InputError(origin + ": holds " + std::to_string(layers.size()) + " linear layers (" + list_names(layers) +
                     "), but each of several numbered files is one layer");
  }
  return make_piece(*layers[0].weight, layers[0].bias, origin);
}

}  // namespace kintsugi
