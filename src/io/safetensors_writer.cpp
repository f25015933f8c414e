#include <cstring>
#include <nlohmann/json.hpp>

#include "io/elements.hpp"
#include "io/state_dict.hpp"

namespace kintsugi {

std::vector<char> safetensors_file(std::span<const StateEntry> entries, TensorType type, const ModelFacts& facts) {
  nlohmann::ordered_json header;  // keeps the entries' order
  header["__metadata__"] = {{"format", "pt"}};
  for (const auto& [name, value] : facts) header["__metadata__"][name] = value;
  std::uint64_t end = 0;
  for (const StateEntry& entry : entries) {
    const std::uint64_t begin = end;
    end += entry.values.size() * element_size(type);
    header[entry.name] = {
        {"dtype", type == TensorType::float32 ? "F32" : "F64"}, {"shape", entry.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  constexpr std::size_t kAlignment = 8;  // so that the numbers are aligned where the file is mapped
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');

  const std::uint64_t length = text.size();
  std::vector<char> bytes(sizeof(length));
  std::memcpy(bytes.data(), &length, sizeof(length));
  bytes.reserve(sizeof(length) + length + end);
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const StateEntry& entry : entries) append_elements(bytes, type, entry.values);
  return bytes;
}

}  // namespace kintsugi
