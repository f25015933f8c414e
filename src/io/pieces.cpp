#include <system_error>

#include "io/import.hpp"
#include "io/layers.hpp"
#include "io/model_folder.hpp"
#include "io/model_reader.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

namespace {

std::optional<Activation> named_activation(const ModelFacts& facts) {
  const auto fact = facts.find("kintsugi_activation");
  if (fact == facts.end()) return std::nullopt;
  for (const Activation activation : kActivations) {
    if (to_string(activation) == fact->second) return activation;
  }
  return std::nullopt;
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
    if (notes != nullptr) notes->activation = named_activation(facts);
    network.pieces = pieces_of(std::move(tensors), path.string(), left_out);
  }
  if (notes != nullptr) notes->left_out = left_out.sentences();
  return network;
}

}  // namespace kintsugi
