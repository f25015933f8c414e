#include "io/pth.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/elements.hpp"
#include "io/find_tensors.hpp"
#include "io/pickle.hpp"
#include "io/torch_stream.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// An open file: its values, and where its storages' numbers are.
struct PytorchFile {
  std::string origin;
  SharedBytes file;
  std::shared_ptr<const ZipArchive> archive;  ///< none for a stream and a pickle
  std::string prefix;                         ///< of the archive's entries
  bool big_endian = false;
  pickle::Heap heap;
  std::map<std::string, std::vector<char>> loaded;               ///< storages of the archive that were asked for
  std::map<std::string, std::span<const char>> stream_storages;  ///< of a stream
  std::size_t bytes_left = 0;     ///< of storages; entries may overlap in a forged archive
  std::size_t elements_left = 0;  ///< of tensors; views may overlap, but not multiply the file without end
};

[[noreturn]] void refuse(const PytorchFile& file, const std::string& rule) {
  throw InputError(file.origin + ": " + rule);
}

/// All numbers under the storage's key.
std::span<const char> numbers_of(PytorchFile& file, const pickle::Storage& storage) {
  const std::string& key = file.heap.texts[storage.key];
  if (storage.is_inline) return {key.data(), key.size()};
  if (const auto found = file.stream_storages.find(key); found != file.stream_storages.end()) return found->second;
  if (file.archive == nullptr) refuse(file, "the numbers of storage '" + printable(key) + "' are not in the file");
  auto found = file.loaded.find(key);
  if (found == file.loaded.end()) {
    std::vector<char> content = file.archive->read(file.prefix + "data/" + key, file.bytes_left);
    file.bytes_left -= content.size();
    found = file.loaded.emplace(key, std::move(content)).first;
  }
  return found->second;
}

/// The storage's own numbers, which must be as many as it declares.
std::span<const char> storage_bytes(PytorchFile& file, const pickle::Storage& storage) {
  const std::span<const char> all = numbers_of(file, storage);
  const std::uint64_t size = element_size(storage.type);
  std::uint64_t declared = 0;
  if (__builtin_mul_overflow(storage.elements, size, &declared) || declared != all.size()) {
    refuse(file, "storage '" + printable(storage.is_inline ? "" : file.heap.texts[storage.key]) + "' declares " +
                     std::to_string(storage.elements) + " " + std::string(to_string(storage.type)) +
                     " elements, but holds " + std::to_string(all.size()) + " bytes");
  }
  return all.subspan(storage.first * size, storage.own_elements() * size);
}

std::vector<double> read_view(PytorchFile& file, const pickle::TensorView& view) {
  if (view.elements > file.elements_left)
    refuse(file, "its tensors have more elements than a file of its size can hold");
  file.elements_left -= view.elements;
  const pickle::Storage& storage = file.heap.storages[view.storage];
  const std::span<const char> bytes = storage_bytes(file, storage);
  const bool big_endian = storage.is_inline ? storage.big_endian : file.big_endian;
  std::vector<double> values = read_elements(view.type, bytes, view, big_endian);
  if (view.negated) std::ranges::transform(values, values.begin(), std::negate<>());
  return values;
}

/// Tensors that share numbers are read one by one: so many elements in all.
std::size_t most_elements(std::size_t bytes) {
  constexpr std::size_t kOfSmallFiles = std::size_t{1} << 24;
  constexpr std::size_t kOfEachByte = 16;
  std::size_t most = 0;
  return __builtin_mul_overflow(bytes, kOfEachByte, &most) ? bytes : std::max(most, kOfSmallFiles);
}

std::vector<StoredTensor> tensors_of(const std::shared_ptr<PytorchFile>& file, pickle::Value top, ModelFacts* facts) {
  file->bytes_left = most_inflated(file->file.bytes.size());
  file->elements_left = most_elements(file->file.bytes.size());
  std::vector<StoredTensor> tensors;
  pickle::Found all = pickle::find_tensors(file->heap, top, file->origin);
  if (facts != nullptr && !all.activations.empty()) {
    std::string& names = (*facts)[std::string(kActivationClasses)];
    for (const std::string& name : all.activations) names.append(names.empty() ? "" : ", ").append(name);
  }
  for (pickle::FoundTensor& found : all.tensors) {
    StoredTensor tensor{.path = std::move(found.path), .problem = std::move(found.problem), .is_plain = found.is_plain};
    if (found.tensor.kind == pickle::Kind::tensor) {
      const pickle::TensorView& view = file->heap.tensor(found.tensor);
      tensor.type = view.type;
      tensor.shape.assign(view.shape.begin(), view.shape.end());
      tensor.read = [file, value = found.tensor] { return read_view(*file, file->heap.tensor(value)); };
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

/// torch.save says since PyTorch 2.1 in which order it wrote bytes; before, machines that it ran on were little-endian.
bool is_big_endian(const ZipArchive& archive, const std::string& prefix, const std::string& origin) {
  const std::string entry = prefix + "byteorder";
  if (!archive.names().contains(entry)) return false;
  constexpr std::size_t kLongest = 16;
  const std::vector<char> order = archive.read(entry, kLongest);
  const std::string_view word(order.data(), order.size());
  if (word != "little" && word != "big") {
    throw InputError(origin + ": its byte order is '" + printable(std::string(word)) + "', not 'little' or 'big'");
  }
  return word == "big";
}

/// What write_model() put into the archive; nothing where somebody else did.
void read_facts(const ZipArchive& archive, const std::string& prefix, ModelFacts& facts) {
  const std::string entry = prefix + std::string(kFactsEntry);
  constexpr std::size_t kLongest = 4096;
  if (!archive.names().contains(entry)) return;
  const nlohmann::json json = nlohmann::json::parse(archive.read(entry, kLongest), nullptr, false);
  if (!json.is_object()) return;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) facts.emplace(name, value.get<std::string>());
  }
}

bool is_pickle(std::span<const char> file) {
  constexpr char kProto = '\x80';
  constexpr char kNewest = 5;
  return file.size() > 2 && file[0] == kProto && file[1] >= 2 && file[1] <= kNewest;
}

}  // namespace

std::optional<std::string> find_pickle(const ZipArchive& archive, const std::string& origin) {
  constexpr std::string_view kPickle = "data.pkl";
  std::optional<std::string> prefix;
  for (const std::string& name : archive.names()) {
    const std::string folder = name.substr(0, name.rfind('/') + 1);
    if (name.substr(folder.size()) != kPickle || name.starts_with("__MACOSX/")) continue;
    if (prefix) throw InputError(origin + ": holds more than one data.pkl");
    prefix = folder;
  }
  return prefix;
}

std::vector<StoredTensor> open_pytorch(std::shared_ptr<const ZipArchive> archive, const SharedBytes& file,
                                       const std::string& origin, ModelFacts* facts) {
  const std::optional<std::string> prefix = find_pickle(*archive, origin);
  if (!prefix) throw InputError(origin + ": is a zip archive without a data.pkl: not written by torch.save");
  const auto opened = std::make_shared<PytorchFile>();
  opened->origin = origin;
  opened->file = file;
  opened->big_endian = is_big_endian(*archive, *prefix, origin);
  if (facts != nullptr) read_facts(*archive, *prefix, *facts);
  const std::vector<char> code = archive->read(*prefix + "data.pkl", pickle::kMaxBytes);
  opened->archive = std::move(archive);
  opened->prefix = *prefix;
  pickle::Result result = pickle::run(code, origin + ", data.pkl");
  if (result.end != code.size()) throw InputError(origin + ", data.pkl: has bytes after its end");
  opened->heap = std::move(result.heap);
  std::vector<StoredTensor> tensors = tensors_of(opened, result.top, facts);
  if (tensors.empty() && opened->archive->names().contains(*prefix + "constants.pkl")) {
    throw InputError(origin +
                     ": is a TorchScript model whose weights have no names: it was frozen (torch.jit.freeze); " +
                     "save it before that");
  }
  return tensors;
}

std::vector<StoredTensor> open_pytorch(const SharedBytes& file, const std::string& origin, ModelFacts* facts) {
  constexpr std::string_view kZip = "PK\x03\x04";
  const std::string_view content(file.bytes.data(), file.bytes.size());
  if (content.starts_with(kZip))
    return open_pytorch(std::make_shared<const ZipArchive>(file.bytes, origin), file, origin, facts);
  const auto opened = std::make_shared<PytorchFile>();
  opened->origin = origin;
  opened->file = file;
  pickle::Value top;
  if (pickle::is_torch_stream(file.bytes)) {
    pickle::TorchStream stream = pickle::read_torch_stream(file.bytes, origin);
    opened->heap = std::move(stream.pickle.heap);
    opened->stream_storages = std::move(stream.storages);
    top = stream.pickle.top;
  } else if (is_pickle(file.bytes)) {
    pickle::Result result = pickle::run(file.bytes, origin);
    opened->heap = std::move(result.heap);
    top = result.top;
  } else {
    throw InputError(origin + ": is not a PyTorch file (a zip archive, or pickles since before PyTorch 1.6)");
  }
  return tensors_of(opened, top, facts);
}

std::vector<Tensor> read_state_dict(std::span<const char> file, const std::string& origin) {
  return read_all(open_pytorch({nullptr, file}, origin), origin);
}

std::vector<Tensor> read_state_dict(const std::filesystem::path& path) {
  return read_all(open_pytorch(share_file(path.string()), path.string()), path.string());
}

}  // namespace kintsugi
