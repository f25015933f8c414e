#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

/// The tensors of one file, told by its content: what torch.save and torch.jit.save write, pickles of tensors or
/// arrays, .npz, .npy (one array under the file's name), .safetensors, .onnx. Throws InputError that names the file and
/// the rule; of other kinds of files that people have (GGUF, Keras, a Git LFS pointer, ...) it names the kind and the
/// remedy.
/// What the file says of itself (see write_model()) is added to `facts`.
[[nodiscard]] std::vector<StoredTensor> open_model(const std::filesystem::path& file, ModelFacts* facts = nullptr);
/// The same of a file that is in memory; `path` is its name.
[[nodiscard]] std::vector<StoredTensor> open_model(const SharedBytes& bytes, const std::filesystem::path& path,
                                                   ModelFacts* facts = nullptr);

/// Throws InputError where `file` begins as a kind of file does that people have, but that is not read as a model.
void refuse_other_model(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
