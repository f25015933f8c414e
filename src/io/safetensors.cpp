#include "io/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "io/elements.hpp"
#include "io/layer_names.hpp"
#include "io/safetensors_header.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using safetensors::Entry;

std::string place_of(const std::string& origin, const Entry& entry) {
  return origin + ", '" + printable(entry.name) + "': ";
}

/// Bytes of the entry's data; what its offsets say where its type is not known.
std::optional<std::uint64_t> bytes_of(const Entry& entry) {
  if (entry.problem.empty()) return count_bytes(entry.type, entry.shape);
  return entry.offsets[1] - std::min(entry.offsets[0], entry.offsets[1]);
}

/// The data of all tensors must follow one another without gap or overlap and fill the file to its end.
void check_tiling(const std::vector<Entry>& entries, std::size_t bytes, const std::string& origin) {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries) {
    const std::optional<std::uint64_t> needed = bytes_of(entry);
    if (!needed) throw InputError(place_of(origin, entry) + "its shape overflows");
    if (entry.offsets[0] > entry.offsets[1] || entry.offsets[1] - entry.offsets[0] != *needed) {
      throw InputError(place_of(origin, entry) + "its data_offsets " + std::to_string(entry.offsets[0]) + " and " +
                       std::to_string(entry.offsets[1]) + " are not the " + std::to_string(*needed) +
                       " bytes of its shape apart");
    }
    sorted.push_back(&entry);
  }
  std::ranges::sort(sorted, {}, [](const Entry* entry) { return std::pair(entry->offsets[0], entry->offsets[1]); });
  std::uint64_t end = 0;
  for (const Entry* const entry : sorted) {
    if (entry->offsets[0] != end) {
      throw InputError(place_of(origin, *entry) + "its data starts at " + std::to_string(entry->offsets[0]) +
                       " instead of " + std::to_string(end) + ", where the data before it ends");
    }
    end = entry->offsets[1];
  }
  if (end != bytes) {
    throw InputError(origin + ": holds " + std::to_string(bytes) + " bytes of data, but its header describes " +
                     std::to_string(end) + " (is the file truncated?)");
  }
}

StoredTensor stored(const Entry& entry, const SharedBytes& data) {
  StoredTensor tensor{.path = {entry.name},
                      .type = entry.type,
                      .shape = {entry.shape.begin(), entry.shape.end()},
                      .problem = entry.problem};
  const std::span<const char> bytes = data.bytes.subspan(entry.offsets[0], entry.offsets[1] - entry.offsets[0]);
  tensor.read = [owner = data.owner, bytes, type = entry.type, shape = entry.shape] {
    return read_elements(type, bytes, dense_view(shape));
  };
  return tensor;
}

/// save_model() of the safetensors library stores tensors that share their numbers once; the metadata says which names
/// stand for which. Adds these names' tensors.
void add_shared(std::vector<StoredTensor>& tensors, const std::map<std::string, std::string>& metadata,
                const std::string& origin) {
  std::map<std::string, std::size_t> places;
  for (const StoredTensor& tensor : tensors) places.emplace(tensor.path.front(), places.size());
  for (const auto& [name, other] : metadata) {
    if (places.contains(name)) continue;
    std::string kept = other;
    constexpr int kLongestChain = 8;
    for (int i = 0; i < kLongestChain && !places.contains(kept) && metadata.contains(kept); ++i) {
      kept = metadata.at(kept);
    }
    const auto found = places.find(kept);
    if (found != places.end()) {
      tensors.push_back(tensors[found->second]);
      tensors.back().path = {name};
    } else if (part_of(name)) {
      throw InputError(origin + ", __metadata__: '" + printable(name) + "' is '" + printable(other) +
                       "', but the file has no tensor of that name");
    }
  }
}

}  // namespace

bool is_safetensors(std::span<const char> file) {
  std::uint64_t length = 0;
  if (file.size() <= sizeof(length)) return false;
  std::memcpy(&length, file.data(), sizeof(length));
  return length <= safetensors::kMaxHeader && file[sizeof(length)] == '{';
}

std::vector<StoredTensor> open_safetensors(const SharedBytes& shared, const std::string& origin, ModelFacts* facts) {
  const std::span<const char> file = shared.bytes;
  std::uint64_t length = 0;
  if (file.size() < sizeof(length)) throw InputError(origin + ": is too short for a .safetensors file");
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > safetensors::kMaxHeader || length > file.size() - sizeof(length)) {
    throw InputError(origin + ": is not a .safetensors file, or a truncated one: its header would have " +
                     std::to_string(length) + " bytes");
  }
  const safetensors::Header header = safetensors::parse_header(file.subspan(sizeof(length), length), origin);
  const SharedBytes data{shared.owner, file.subspan(sizeof(length) + length)};
  check_tiling(header.entries, data.bytes.size(), origin);
  std::vector<StoredTensor> tensors;
  tensors.reserve(header.entries.size());
  for (const Entry& entry : header.entries) tensors.push_back(stored(entry, data));
  add_shared(tensors, header.metadata, origin);
  if (facts != nullptr) facts->insert(header.metadata.begin(), header.metadata.end());
  return tensors;
}

std::vector<Tensor> read_safetensors(std::span<const char> file, const std::string& origin) {
  return read_all(open_safetensors({nullptr, file}, origin), origin);
}

std::vector<Tensor> read_safetensors(const std::filesystem::path& path) {
  return read_all(open_safetensors(share_file(path.string()), path.string()), path.string());
}

}  // namespace kintsugi
