#include "io/model_reader.hpp"

#include <algorithm>

#include "io/npy.hpp"
#include "io/npz.hpp"
#include "io/onnx.hpp"
#include "io/pth.hpp"
#include "io/safetensors.hpp"
#include "io/torch_stream.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// A zip archive's kind is what is in it.
std::vector<StoredTensor> open_zip(const SharedBytes& file, const std::string& origin, ModelFacts* facts) {
  auto archive = std::make_shared<const ZipArchive>(file.bytes, origin);
  if (find_pickle(*archive, origin)) return open_pytorch(std::move(archive), file, origin, facts);
  const auto holds = [&](std::string_view ending) {
    return std::ranges::any_of(archive->ordered_names(), [&](const std::string& name) {
      return !is_passed_over(name) && name.ends_with(ending);
    });
  };
  if (holds(".npy")) return open_npz(*archive, file.bytes.size(), origin);
  if (holds("model.weights.h5")) {
    throw InputError(origin +
                     ": is a Keras model, which is not read; save its arrays: "
                     "numpy.savez('model.npz', **{'0.inp.weight': kernel.T, '0.inp.bias': bias, ...})");
  }
  if (holds("model.json") || holds("attributes.pkl")) {
    throw InputError(origin + ": is a TorchScript archive from before PyTorch 1.4; load it and save its state_dict()");
  }
  if (archive->ordered_names().empty()) throw InputError(origin + ": is an empty zip archive");
  throw InputError(origin +
                   ": is a zip archive without a data.pkl (of torch.save) and without .npy files (of "
                   "numpy.savez), but with '" +
                   printable(archive->ordered_names().front()) + "'");
}

bool begins(const SharedBytes& file, std::string_view signature) {
  return std::string_view(file.bytes.data(), file.bytes.size()).starts_with(signature);
}

}  // namespace

std::vector<StoredTensor> open_model(const std::filesystem::path& path, ModelFacts* facts) {
  return open_model(share_file(path.string()), path, facts);
}

std::vector<StoredTensor> open_model(const SharedBytes& file, const std::filesystem::path& path, ModelFacts* facts) {
  const std::string origin = path.string();
  refuse_other_model(file.bytes, origin);
  if (begins(file, "PK\x03\x04") || begins(file, "PK\x05\x06")) return open_zip(file, origin, facts);
  if (begins(file, "\x93NUMPY")) {
    auto content = std::make_shared<const std::vector<char>>(file.bytes.begin(), file.bytes.end());
    return {npy::open_array(std::move(content), {path.stem().string()}, origin)};
  }
  const bool is_pickled = file.bytes.size() > 1 && file.bytes[0] == '\x80' && file.bytes[1] > 0 && file.bytes[1] <= 5;
  if (pickle::is_torch_stream(file.bytes) || (is_pickled && path.extension() != ".safetensors")) {
    return open_pytorch(file, origin, facts);
  }
  if (path.extension() == ".safetensors" || is_safetensors(file.bytes)) return open_safetensors(file, origin, facts);
  if (is_onnx(file.bytes)) return open_onnx(file, origin, facts);
  if (file.bytes.empty()) throw InputError(origin + ": is empty");
  throw InputError(origin +
                   ": is none of the files of layers that are read (.pth, .pt, .safetensors or .npz), by its "
                   "first bytes; is it truncated or damaged?");
}

}  // namespace kintsugi
