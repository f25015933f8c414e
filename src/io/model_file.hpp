#pragma once

#include <filesystem>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/problem_fingerprint.hpp"

namespace kintsugi {

/// Writes a network that was put together as a PyTorch state dict, by the ending of `path`: .safetensors, or .pth or
/// .pt in the zip form of torch.save, which torch.load(weights_only=True) takes. The names are those of an
/// nn.Sequential of L blocks with the linear layers `inp` and `out`, and a last layer with the linear layer `layer`:
/// "0.inp.weight" [h x d], "0.inp.bias" [h], "0.out.weight" [d x h], "0.out.bias" [d], ..., "L.layer.weight" [k x d],
/// "L.layer.bias" [k]; a bias that a piece does not have is left out. The parts of a block are "0.norm.weight" [d] and
/// "0.norm.bias" [d], "0.gate.weight" [h x d], "0.gate.bias" [h], and "0.scale" [d]. All numbers are float32 where that
/// loses nothing, else all are float64. Equal networks give equal bytes. The file appears as a whole or not at all (see
/// write_file_atomically). `assembly` fits the network. The fingerprint of the problem goes into the metadata of a
/// .safetensors file (kintsugi_weights, kintsugi_rows, kintsugi_activation, kintsugi_norm, kintsugi_norm_eps) and into
/// the entry "archive/kintsugi.json" of a .pth, which PyTorch passes over. Not collective. Throws UsageError for
/// another ending and where `path` cannot be a file, InternalError where the disk does not take it.
void write_model(const std::filesystem::path& path, const NetworkF64& network, const Assembly& assembly,
                 const ProblemFingerprint& problem);

/// Throws UsageError unless the ending is one that write_model() knows. For before long work.
void check_model_path(const std::filesystem::path& path);

}  // namespace kintsugi
