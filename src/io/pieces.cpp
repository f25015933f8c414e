#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <system_error>

#include "kintsugi/core/error.hpp"
#include "kintsugi/io/import.hpp"
#include "kintsugi/io/pth.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

namespace {

/// The number that a file's name ends in; nothing where it is not a numbered PyTorch file.
std::optional<int> piece_index(const fs::path& file) {
  if (file.extension() != ".pth" && file.extension() != ".pt") return std::nullopt;
  const std::string stem = file.stem().string();
  const auto first_digit =
      std::find_if_not(stem.rbegin(), stem.rend(), [](unsigned char c) { return std::isdigit(c) != 0; }).base();
  if (first_digit == stem.end()) return std::nullopt;
  int index = 0;
  const char* const end = stem.data() + stem.size();
  const auto [next, error] = std::from_chars(stem.data() + (first_digit - stem.begin()), end, index);
  if (error != std::errc{} || next != end)
    throw InputError(file.string() + ": its number is too large for a piece's index");
  return index;
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

std::string shape_text(const Tensor& tensor) {
  std::string text = "[";
  for (const std::size_t size : tensor.shape) text += (text.size() > 1 ? " x " : "") + std::to_string(size);
  return text + "]";
}

void check_finite(const Tensor& tensor, const std::string& file) {
  const auto bad = std::find_if(tensor.values.begin(), tensor.values.end(), [](double v) { return !std::isfinite(v); });
  if (bad == tensor.values.end()) return;
  throw InputError(file + ": element " + std::to_string(bad - tensor.values.begin()) + " of '" + tensor.name + "' is " +
                   (std::isnan(*bad) ? "nan" : "infinite"));
}

PieceF64 read_piece(int index, const fs::path& path) {
  const std::string file = path.string();
  PieceF64 piece;
  piece.index = index;
  piece.source = (path.parent_path().filename() / path.filename()).string();
  bool has_weight = false;
  std::optional<Tensor> bias;
  for (Tensor& tensor : read_state_dict(path)) {
    check_finite(tensor, file);
    if (tensor.name == "weight") {
      if (tensor.shape.size() != 2 || tensor.values.empty()) {
        throw InputError(file + ": 'weight' has the shape " + shape_text(tensor) +
                         ", but a linear layer's is [out x in]");
      }
      piece.out = tensor.shape[0];
      piece.in = tensor.shape[1];
      piece.weight = std::move(tensor.values);
      has_weight = true;
    } else if (tensor.name == "bias") {
      bias = std::move(tensor);
    } else {
      throw InputError(file + ": has the key '" + tensor.name.substr(0, 80) +
                       "'; a piece has 'weight' and maybe 'bias', nothing else");
    }
  }
  if (!has_weight) throw InputError(file + ": has no 'weight'");
  if (!bias) return piece;
  if (bias->shape.size() != 1 || bias->shape[0] != piece.out) {
    throw InputError(file + ": 'bias' has the shape " + shape_text(*bias) + ", but the weight has " +
                     std::to_string(piece.out) + " rows");
  }
  piece.bias = std::move(bias->values);
  return piece;
}

}  // namespace

NetworkF64 read_pieces(const fs::path& path, Activation activation) {
  // Without a final slash, so that the folder's own name is there for `source`.
  const fs::path folder = path.has_filename() ? path : path.parent_path();
  NetworkF64 network;
  network.activation = activation;
  for (const auto& [index, file] : list_pieces(folder)) network.pieces.push_back(read_piece(index, file));
  return network;
}

}  // namespace kintsugi
