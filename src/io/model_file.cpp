#include "io/model_file.hpp"

#include <algorithm>
#include <string_view>

#include "io/atomic_file.hpp"
#include "io/elements.hpp"
#include "io/state_dict.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

bool is_safetensors(const std::filesystem::path& path) { return path.extension() == ".safetensors"; }

void add_layer(std::vector<StateEntry>& entries, const std::string& name, const PieceF64& piece) {
  entries.push_back({name + ".weight", {piece.out, piece.in}, piece.weight});
  if (!piece.bias.empty()) entries.push_back({name + ".bias", {piece.out}, piece.bias});
}

}  // namespace

void check_model_path(const std::filesystem::path& path) {
  if (is_safetensors(path) || path.extension() == ".pth" || path.extension() == ".pt") return;
  throw UsageError("output file '" + path.string() + "': must end in .safetensors, .pth or .pt");
}

void write_model(const std::filesystem::path& path, const NetworkF64& network, const Assembly& assembly,
                 const ProblemFingerprint& problem) {
  check_model_path(path);
  const auto piece_at = [&](int position) -> const PieceF64& {
    return network.pieces.at(static_cast<std::size_t>(position));
  };
  std::vector<StateEntry> entries;
  for (std::size_t t = 0; t < assembly.blocks.size(); ++t) {
    const std::string block = std::to_string(t);
    add_layer(entries, block + ".inp", piece_at(assembly.blocks[t].expand));
    add_layer(entries, block + ".out", piece_at(assembly.blocks[t].compress));
  }
  add_layer(entries, std::to_string(assembly.blocks.size()) + ".layer", piece_at(assembly.head));
  const bool narrow = std::ranges::all_of(entries, [](const StateEntry& entry) { return fits_float32(entry.values); });
  const TensorType type = narrow ? TensorType::float32 : TensorType::float64;
  const ModelFacts facts{{"kintsugi_weights", problem.weights},
                         {"kintsugi_rows", problem.rows},
                         {"kintsugi_activation", problem.activation}};
  const std::vector<char> bytes =
      is_safetensors(path) ? safetensors_file(entries, type, facts) : pth_file(entries, type, facts);
  write_file_atomically(path, std::string_view(bytes.data(), bytes.size()));
}

}  // namespace kintsugi
