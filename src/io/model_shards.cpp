// The index of a model in several files, as hubs have them:
//   {"metadata": {"total_size": 123}, "weight_map": {"0.inp.weight": "model-00001-of-00002.safetensors", ...}}

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "io/file_bytes.hpp"
#include "io/model_folder.hpp"
#include "io/model_reader.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

namespace {

/// Tensor names and the files that have them.
std::map<std::string, std::string> read_weight_map(const fs::path& index) {
  constexpr std::size_t kLargest = std::size_t{8} << 20;
  const FileBytes file(index, kLargest);
  refuse_other_model(file.bytes(), index.string());
  const nlohmann::json json = nlohmann::json::parse(file.bytes().begin(), file.bytes().end(), nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw InputError(index.string() + ": is no index of shards: a JSON object with a 'weight_map'");
  }
  std::map<std::string, std::string> files;
  for (const auto& [name, shard] : json["weight_map"].items()) {
    const std::string text = shard.is_string() ? shard.get<std::string>() : "";
    if (text.empty() || text.find('/') != std::string::npos) {
      throw InputError(index.string() + ": '" + printable(name) + "' is not given the name of a file beside it");
    }
    files.emplace(name, text);
  }
  return files;
}

}  // namespace

bool is_shard_index(const fs::path& file) { return file.filename().string().ends_with(".index.json"); }

std::vector<StoredTensor> open_shards(const fs::path& index) {
  const std::map<std::string, std::string> files = read_weight_map(index);
  std::set<std::string> shards;
  for (const auto& [name, shard] : files) shards.insert(shard);
  std::vector<StoredTensor> tensors;
  std::set<std::string> found;
  for (const std::string& shard : shards) {
    const fs::path path = index.parent_path() / shard;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      throw InputError(path.string() + ": is missing, though " + index.filename().string() + " names it");
    }
    for (StoredTensor& tensor : open_model(path)) {
      const auto entry = files.find(name_of(tensor));
      if (entry == files.end() || entry->second == shard) found.insert(name_of(tensor));
      tensors.push_back(std::move(tensor));
    }
  }
  for (const auto& [name, shard] : files) {
    if (found.contains(name)) continue;
    throw InputError((index.parent_path() / shard).string() + ": has no '" + printable(name) + "', though " +
                     index.filename().string() + " says so");
  }
  return tensors;
}

}  // namespace kintsugi
