#include <system_error>

#include "io/import.hpp"
#include "io/layers.hpp"
#include "io/model_folder.hpp"
#include "io/model_reader.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

NetworkF64 read_pieces(const fs::path& path, Activation activation, std::vector<std::string>* notes) {
  LeftOut left_out;
  NetworkF64 network;
  network.activation = activation;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    network.pieces = read_piece_folder(path, left_out);
  } else {
    std::vector<StoredTensor> tensors = is_shard_index(path) ? open_shards(path) : open_model(path);
    network.pieces = pieces_of(std::move(tensors), path.string(), left_out);
  }
  if (notes != nullptr) *notes = left_out.sentences();
  return network;
}

}  // namespace kintsugi
