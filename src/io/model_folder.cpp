#include "io/model_folder.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "io/layer_names.hpp"
#include "io/model_reader.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 9> kEndings{".pth", ".pt",  ".bin", ".ckpt", ".safetensors",
                                                   ".npz", ".npy", ".pkl", ".onnx"};

/// What training tools leave beside a model under an ending like a model's.
constexpr std::array<std::string_view, 5> kNoModels{"optimizer.pt", "optimizer.bin", "scheduler.pt", "rng_state.pth",
                                                    "training_args.bin"};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Throws InputError where the folder is a kind of model by itself that is not read.
void refuse_other_folder(const fs::path& folder, const std::string& file) {
  const std::string name = folder.string();
  if (file == "data.pkl") {
    throw InputError(name +
                     ": is what a PyTorch file holds when it is unpacked; pack it again: zip -0 -r ../model.pth .");
  }
  if (file.ends_with(".distcp")) {
    throw InputError(name + ": is a distributed checkpoint of PyTorch, which is not read: make one file of it by " +
                     "torch.distributed.checkpoint.format_utils.dcp_to_torch_save");
  }
  if (file == "saved_model.pb") {
    throw InputError(name + ": is a TensorFlow SavedModel, which is not read: save its arrays by numpy.savez");
  }
}

/// The folder's files by what they can be, each list by name.
struct Folder {
  std::string name;
  std::vector<fs::path> indices;  ///< of shards
  std::vector<fs::path> arrays;   ///< .npy
  std::vector<fs::path> others;   ///< all other files with the ending of a model
};

Folder list_folder(const fs::path& path) {
  std::error_code error;
  fs::directory_iterator entries(path, error);
  if (error) throw InputError(path.string() + ": cannot be read as a folder of pieces: " + error.message());
  Folder folder;
  folder.name = path.string();
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (error) throw InputError(folder.name + ": cannot be read: " + error.message());
    const fs::path& file = entries->path();
    const std::string name = file.filename().string();
    std::error_code ignored;
    if (name.starts_with('.') || entries->is_directory(ignored)) continue;
    refuse_other_folder(path, name);
    if (is_shard_index(file)) folder.indices.push_back(file);
    const std::string ending = lower_case(file.extension().string());
    if (std::ranges::find(kEndings, ending) == kEndings.end()) continue;
    if (std::ranges::find(kNoModels, name) != kNoModels.end()) continue;
    (ending == ".npy" ? folder.arrays : folder.others).push_back(file);
  }
  for (std::vector<fs::path>* const files : {&folder.indices, &folder.arrays, &folder.others})
    std::ranges::sort(*files);
  return folder;
}

std::string list_files(const std::vector<fs::path>& files) {
  constexpr std::size_t kListed = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, files.size()); ++i) {
    text.append(text.empty() ? "" : ", ").append(printable(files[i].filename().string()));
  }
  return files.size() > kListed ? text + ", ..." : text;
}

// ---- shards by their names ----

/// NAME-00001-of-00002: a shard's number, from 1, and how many there are.
struct ShardName {
  std::string model;
  int number = 0;
  int count = 0;
};

std::optional<ShardName> shard_name(const fs::path& file) {
  constexpr std::string_view kOf = "-of-";
  const std::string stem = file.stem().string();
  const std::size_t of = stem.rfind(kOf);
  if (of == std::string::npos || of + kOf.size() == stem.size()) return std::nullopt;
  const std::optional<int> count = trailing_number(stem, file.string());
  const std::optional<int> number = trailing_number(stem.substr(0, of), file.string());
  const std::size_t digits = stem.size() - of - kOf.size();
  const bool is_count = count && stem.find_first_not_of("0123456789", stem.size() - digits) == std::string::npos;
  if (!is_count || !number) return std::nullopt;
  const std::size_t dash = stem.find_last_not_of("0123456789", of - 1);
  return ShardName{stem.substr(0, dash == std::string::npos ? 0 : dash) + file.extension().string(), *number, *count};
}

/// The shards in order; empty where no file is one. Throws where one is missing, or where other files are beside them.
std::vector<fs::path> list_shards(const Folder& folder) {
  std::map<int, fs::path> shards;
  std::optional<ShardName> first;
  std::vector<fs::path> beside;
  for (const fs::path& file : folder.others) {
    const std::optional<ShardName> name = shard_name(file);
    if (name && !first) first = name;
    if (name && name->model == first->model && name->count == first->count) {
      shards.emplace(name->number, file);
    } else {
      beside.push_back(file);
    }
  }
  if (first && !beside.empty()) {
    throw InputError(folder.name + ": holds shards of a model (" + shards.begin()->second.filename().string() +
                     ", ...) and also " + list_files(beside) + "; put what is meant into a folder of its own");
  }
  std::vector<fs::path> result;
  for (int number = 1; first && number <= first->count; ++number) {
    const auto found = shards.find(number);
    if (found == shards.end()) {
      throw InputError(folder.name + ": shard " + std::to_string(number) + " of " + std::to_string(first->count) +
                       " is missing beside " + list_files(folder.others));
    }
    result.push_back(found->second);
  }
  return result;
}

std::vector<StoredTensor> open_all(const std::vector<fs::path>& files) {
  std::vector<StoredTensor> tensors;
  for (const fs::path& file : files) {
    for (StoredTensor& tensor : open_model(file)) tensors.push_back(std::move(tensor));
  }
  return tensors;
}

// ---- numbered files ----

PieceF64 read_piece(int index, const fs::path& file, LeftOut& left_out) {
  PieceF64 piece = piece_of(open_model(file), file.string(), left_out);
  piece.index = index;
  piece.source = (file.parent_path().filename() / file.filename()).string();
  return piece;
}

/// The numbered files by their numbers, which run from 0 without a gap; empty where no file is numbered.
std::map<int, fs::path> list_numbered(const Folder& folder, LeftOut& left_out) {
  std::map<int, fs::path> files;
  for (const fs::path& file : folder.others) {
    const std::optional<int> index = trailing_number(file.stem().string(), file.string());
    if (!index) continue;
    const auto [other, is_new] = files.emplace(*index, file);
    if (!is_new) {
      const auto [first, second] = std::minmax({other->second.filename().string(), file.filename().string()});
      throw InputError(std::string(folder.name).append(": ").append(first).append(" and ").append(second) +
                       " are both piece " + std::to_string(*index));
    }
  }
  int expected = 0;
  for (const auto& [index, file] : files) {
    if (index != expected) {
      throw InputError(folder.name + ": piece " + std::to_string(expected) + " is missing; indices run from 0 to " +
                       std::to_string(files.rbegin()->first) + " without a gap");
    }
    ++expected;
  }
  for (const fs::path& file : folder.others) {
    if (files.empty() || trailing_number(file.stem().string(), file.string())) continue;
    left_out.add(folder.name, kintsugi::quoted(file.filename().string()).append(", whose name ends in no number"));
  }
  return files;
}

}  // namespace

std::vector<PieceF64> read_piece_folder(const fs::path& path, LeftOut& left_out) {
  // Without a final slash, so that the folder's own name is there for `source`.
  const Folder folder = list_folder(path.has_filename() ? path : path.parent_path());
  if (folder.indices.size() > 1) {
    throw InputError(folder.name + ": holds several models (" + list_files(folder.indices) +
                     "); give one of these files");
  }
  if (!folder.indices.empty()) return pieces_of(open_shards(folder.indices[0]), folder.name, left_out);
  if (const std::vector<fs::path> shards = list_shards(folder); !shards.empty()) {
    return pieces_of(open_all(shards), folder.name, left_out);
  }
  if (folder.others.size() == 1 && folder.arrays.empty()) {
    const fs::path& file = folder.others[0];
    std::vector<PieceF64> pieces = pieces_of(open_model(file), file.string(), left_out);
    if (pieces.size() > 1) return pieces;
  }
  if (const std::map<int, fs::path> files = list_numbered(folder, left_out); !files.empty()) {
    std::vector<PieceF64> pieces;
    pieces.reserve(files.size());
    for (const auto& [index, file] : files) pieces.push_back(read_piece(index, file, left_out));
    return pieces;
  }
  if (folder.others.empty() && !folder.arrays.empty()) return pieces_of(open_all(folder.arrays), folder.name, left_out);
  if (folder.others.empty()) {
    throw InputError(folder.name + ": holds no pieces (files like piece_0.pth, piece_0.safetensors, piece_0.npz)");
  }
  throw InputError(folder.name + ": holds " + list_files(folder.others) +
                   ", none of which ends in a number as piece_0.pth does; give the file that is meant");
}

}  // namespace kintsugi
