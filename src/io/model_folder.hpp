#pragma once

#include <filesystem>
#include <vector>

#include "io/layers.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// The pieces in a folder, by what is in it: numbered files (piece_0.pth, ...; .pt, .safetensors and .npz as well) of
/// one layer each; shards of one model (model-00001-of-00002.safetensors, ...; or those that an index file names); .npy
/// files that are named after tensors (0.inp.weight.npy, ...); or one file of many layers. Hidden files and what macOS
/// adds
/// (._NAME) are passed over. Throws InputError that names the folder or file and the rule.
[[nodiscard]] std::vector<PieceF64> read_piece_folder(const std::filesystem::path& folder, LeftOut& left_out);

/// The tensors of the shards that an index file (model.safetensors.index.json) names. Throws InputError that names the
/// file, a shard that is missing, or a tensor that is not where it should be.
[[nodiscard]] std::vector<StoredTensor> open_shards(const std::filesystem::path& index);

/// Whether the file is such an index, by its name.
[[nodiscard]] bool is_shard_index(const std::filesystem::path& file);

}  // namespace kintsugi
