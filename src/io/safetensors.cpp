#include "io/safetensors.hpp"

#include <algorithm>
#include <cstring>

#include "io/elements.hpp"
#include "io/file_bytes.hpp"
#include "io/pickle.hpp"
#include "io/safetensors_header.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using safetensors::Entry;

std::string place_of(const std::string& origin, const Entry& entry) {
  return origin + ", '" + pickle::printable(entry.name) + "': ";
}

/// The data of all tensors must follow one another without gap or overlap and fill the file to its end.
void check_tiling(const std::vector<Entry>& entries, std::size_t bytes, const std::string& origin) {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries) {
    const std::optional<std::uint64_t> needed = count_bytes(entry.type, entry.shape);
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

}  // namespace

std::vector<Tensor> read_safetensors(std::span<const char> file, const std::string& origin) {
  std::uint64_t length = 0;
  if (file.size() < sizeof(length)) throw InputError(origin + ": is too short for a .safetensors file");
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > safetensors::kMaxHeader || length > file.size() - sizeof(length)) {
    throw InputError(origin + ": is not a .safetensors file: its header would have " + std::to_string(length) +
                     " bytes");
  }
  const std::vector<Entry> entries = safetensors::parse_header(file.subspan(sizeof(length), length), origin);
  const std::span<const char> data = file.subspan(sizeof(length) + length);
  check_tiling(entries, data.size(), origin);
  std::vector<Tensor> tensors;
  for (const Entry& entry : entries) {
    const std::span<const char> bytes = data.subspan(entry.offsets[0], entry.offsets[1] - entry.offsets[0]);
    tensors.push_back({entry.name,
                       entry.type,
                       {entry.shape.begin(), entry.shape.end()},
                       read_elements(entry.type, bytes, dense_view(entry.shape))});
  }
  return tensors;
}

std::vector<Tensor> read_safetensors(const std::filesystem::path& path) {
  const FileBytes file(path);
  return read_safetensors(file.bytes(), path.string());
}

}  // namespace kintsugi
