#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

class ZipArchive;

/// The tensors of a file that torch.save or torch.jit.save wrote, in the zip form (PyTorch 1.6 and later; stored or
/// deflated, checksums or none, little- or big-endian) or as a stream of pickles (before), and of a pickle of tensors
/// or NumPy arrays. Whole modules give what their state_dict() would. Inert: no code is run. The pickle goes through a
/// machine that builds plain values; views (offset, strides) must lie inside their storage, a storage's declared size
/// must be the bytes present, and memory is bounded by a small multiple of the file's size. Numbers are read when they
/// are asked for. Throws InputError that names `origin` and the rule.
/// What write_model() put beside the tensors is added to `facts`, and kActivationClasses.
[[nodiscard]] std::vector<StoredTensor> open_pytorch(const SharedBytes& file, const std::string& origin,
                                                     ModelFacts* facts = nullptr);
/// The same of an archive that is open already.
[[nodiscard]] std::vector<StoredTensor> open_pytorch(std::shared_ptr<const ZipArchive> archive, const SharedBytes& file,
                                                     const std::string& origin, ModelFacts* facts = nullptr);

/// The archive's folder with a data.pkl in it, and a slash; empty at the top; nothing where the archive has none.
/// Throws InputError where it has several.
[[nodiscard]] std::optional<std::string> find_pickle(const ZipArchive& archive, const std::string& origin);

/// All tensors of such a file, read. Throws InputError that names the file and the rule.
[[nodiscard]] std::vector<Tensor> read_state_dict(const std::filesystem::path& path);
/// The same for a file that is already in memory; `origin` names it in messages.
[[nodiscard]] std::vector<Tensor> read_state_dict(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
