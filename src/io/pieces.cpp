#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <system_error>

#include "io/import.hpp"
#include "io/layers.hpp"
#include "io/npz.hpp"
#include "io/pth.hpp"
#include "io/safetensors.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

namespace {

bool is_pytorch(const fs::path& file) { return file.extension() == ".pth" || file.extension() == ".pt"; }

/// The number that a file's name ends in; nothing where it is not a numbered PyTorch file.
std::optional<int> piece_index(const fs::path& file) {
  return is_pytorch(file) ? trailing_number(file.stem().string(), file.string()) : std::nullopt;
}

std::map<int, fs::path> list_pieces(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) throw InputError(folder.string() + ": cannot be read as a folder of pieces: " + error.message());
  std::map<int, fs::path> files;
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (error) throw InputError(folder.string() + ": cannot be read: " + error.message());
    const fs::path& file = entries->path();
    const std::optional<int> index = piece_index(file);
    if (!index) continue;
    const auto [other, is_new] = files.emplace(*index, file);
    if (!is_new) {
      const auto [first, second] = std::minmax({other->second.filename().string(), file.filename().string()});
      throw InputError(folder.string() + ": " + first + " and " + second + " are both piece " + std::to_string(*index));
    }
  }
  if (files.empty()) throw InputError(folder.string() + ": holds no pieces (files like piece_0.pth)");
  int expected = 0;
  for (const auto& [index, file] : files) {
    if (index != expected) {
      throw InputError(folder.string() + ": piece " + std::to_string(expected) + " is missing; indices run from 0 to " +
                       std::to_string(files.rbegin()->first) + " without a gap");
    }
    ++expected;
  }
  return files;
}

PieceF64 read_piece(int index, const fs::path& path) {
  const std::string file = path.string();
  std::optional<Tensor> weight;
  std::optional<Tensor> bias;
  for (Tensor& tensor : read_state_dict(path)) {
    if (tensor.name == "weight") {
      weight = std::move(tensor);
    } else if (tensor.name == "bias") {
      bias = std::move(tensor);
    } else {
      throw InputError(file + ": has the key '" + tensor.name.substr(0, 80) +
                       "'; a piece has 'weight' and maybe 'bias', nothing else");
    }
  }
  if (!weight) throw InputError(file + ": has no 'weight'");
  PieceF64 piece = make_piece(std::move(*weight), std::move(bias), file);
  piece.index = index;
  piece.source = (path.parent_path().filename() / path.filename()).string();
  return piece;
}

std::vector<PieceF64> read_folder(const fs::path& path) {
  // Without a final slash, so that the folder's own name is there for `source`.
  const fs::path folder = path.has_filename() ? path : path.parent_path();
  std::vector<PieceF64> pieces;
  for (const auto& [index, file] : list_pieces(folder)) pieces.push_back(read_piece(index, file));
  return pieces;
}

/// Every layer in one file, by the file's ending.
std::vector<PieceF64> read_file(const fs::path& path) {
  std::vector<Tensor> tensors;
  if (is_pytorch(path)) {
    tensors = read_state_dict(path);
  } else if (path.extension() == ".safetensors") {
    tensors = read_safetensors(path);
  } else if (path.extension() == ".npz") {
    tensors = read_npz(path);
  } else {
    throw InputError(path.string() +
                     ": is neither a folder of pieces nor a file of layers (.pth, .pt, .safetensors or .npz)");
  }
  return pieces_of(std::move(tensors), path.string());
}

}  // namespace

NetworkF64 read_pieces(const fs::path& path, Activation activation) {
  NetworkF64 network;
  network.activation = activation;
  std::error_code error;
  network.pieces = fs::is_regular_file(path, error) ? read_file(path) : read_folder(path);
  return network;
}

}  // namespace kintsugi
