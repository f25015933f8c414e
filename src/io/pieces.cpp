#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>

#include "io/import.hpp"
#include "io/layers.hpp"
#include "io/model_folder.hpp"
#include "io/model_reader.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

namespace {

/// The activation that a whole module has. Throws InputError where it is one that is not known, or several.
std::optional<Activation> module_activation(const ModelFacts& facts, const std::string& origin) {
  constexpr std::array kClasses{std::pair{"ReLU", Activation::relu},
                                std::pair{"GELU", Activation::gelu},
                                std::pair{"SiLU", Activation::silu},
                                std::pair{"Tanh", Activation::tanh},
                                std::pair{"LeakyReLU", Activation::leaky_relu},
                                std::pair{"GELU(approximate=tanh)", Activation::gelu_tanh},
                                std::pair{"ELU", Activation::elu},
                                std::pair{"Softplus", Activation::softplus},
                                std::pair{"Sigmoid", Activation::sigmoid},
                                std::pair{"ReLU6", Activation::relu6}};
  const auto fact = facts.find(std::string(kActivationClasses));
  if (fact == facts.end()) return std::nullopt;
  for (const auto& [name, activation] : kClasses) {
    if (fact->second == name) return activation;
  }
  constexpr std::string_view kLeaky = "LeakyReLU(negative_slope=";
  if (fact->second.starts_with(kLeaky) && fact->second.ends_with(')')) {
    const std::string slope = fact->second.substr(kLeaky.size(), fact->second.size() - kLeaky.size() - 1);
    try {
      return parse_activation("leaky_relu:" + slope);
    } catch (const UsageError& error) {
      throw InputError(origin + ": its modules have the activation " + fact->second + ": " + error.what());
    }
  }
  throw InputError(origin + ": its modules have the activation " + fact->second +
                   "; ReLU, GELU, SiLU, Tanh, LeakyReLU, ELU, Softplus, Sigmoid and ReLU6 as they are by default are "
                   "known, one of them in all blocks. Save the state_dict() to "
                   "go on without it");
}

/// The activation that write_model() or a whole module names.
std::optional<Activation> named_activation(const ModelFacts& facts, const std::string& origin) {
  const auto fact = facts.find("kintsugi_activation");
  if (fact == facts.end()) return module_activation(facts, origin);
  try {
    // Behind a comma stands the form of blocks that are not plain.
    return parse_activation(fact->second.substr(0, fact->second.find(',')));
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

/// The norm that write_model() names.
void read_norm(const ModelFacts& facts, ImportNotes& notes) {
  const auto norm = facts.find("kintsugi_norm");
  const auto eps = facts.find("kintsugi_norm_eps");
  if (norm == facts.end() || eps == facts.end()) return;
  double value = 0;
  const char* const end = eps->second.data() + eps->second.size();
  const auto [last, error] = std::from_chars(eps->second.data(), end, value);
  if (error != std::errc() || last != end || !(value > 0) || !std::isfinite(value)) return;
  const auto head = facts.find("kintsugi_head_norm");
  try {
    notes.norm = parse_norm(norm->second);
    if (head != facts.end()) notes.head_norm = parse_norm(head->second);
    notes.norm_eps = value;
  } catch (const UsageError&) {
    return;
  }
}

}  // namespace

NetworkF64 read_pieces(const fs::path& path, Activation activation, ImportNotes* notes) {
  LeftOut left_out;
  NetworkF64 network;
  network.activation = activation;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    network.pieces = read_piece_folder(path, left_out);
  } else {
    ModelFacts facts;
    std::vector<StoredTensor> tensors = is_shard_index(path) ? open_shards(path) : open_model(path, &facts);
    if (notes != nullptr) notes->activation = named_activation(facts, path.string());
    if (notes != nullptr) read_norm(facts, *notes);
    network.pieces = pieces_of(std::move(tensors), path.string(), left_out);
  }
  if (notes != nullptr) notes->left_out = left_out.sentences();
  return network;
}

}  // namespace kintsugi
