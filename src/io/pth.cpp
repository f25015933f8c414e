#include "io/pth.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "io/elements.hpp"
#include "io/file_bytes.hpp"
#include "io/pickle.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

[[noreturn]] void fail(const std::string& origin, const std::string& rule) { throw InputError(origin + ": " + rule); }

void check_signature(std::span<const char> file, const std::string& origin) {
  constexpr std::string_view kZip = "PK\x03\x04";
  // PyTorch's magic number 0x1950A86A20F9469CFC6C as a pickled integer.
  constexpr std::string_view kLegacy = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  const std::string_view start(file.data(), std::min<std::size_t>(file.size(), 64));
  if (start.find(kLegacy) != std::string_view::npos) {
    fail(origin, "is in PyTorch's legacy format; load it and save it again with PyTorch 1.6 or later (a zip archive)");
  }
  if (!start.starts_with(kZip)) fail(origin, "is not a PyTorch file (a zip archive)");
}

/// The storages of one archive, each read once and checked against its declared size.
class Storages {
 public:
  Storages(const ZipArchive& archive, std::string prefix, std::string origin, std::size_t budget)
      : archive_(archive), prefix_(std::move(prefix)), origin_(std::move(origin)), budget_(budget) {}

  const std::vector<char>& bytes(const pickle::Storage& storage, const std::string& key) {
    auto found = loaded_.find(key);
    if (found == loaded_.end()) {
      std::vector<char> content = archive_.read(prefix_ + "/data/" + key, budget_);
      budget_ -= content.size();
      found = loaded_.emplace(key, std::move(content)).first;
    }
    std::uint64_t declared = 0;
    const std::uint64_t size = element_size(storage.type);
    if (__builtin_mul_overflow(storage.elements, size, &declared) || declared != found->second.size()) {
      fail(origin_, "storage '" + pickle::printable(key) + "' declares " + std::to_string(storage.elements) + " " +
                        std::string(to_string(storage.type)) + " elements, but holds " +
                        std::to_string(found->second.size()) + " bytes");
    }
    return found->second;
  }

 private:
  const ZipArchive& archive_;
  std::string prefix_;
  std::string origin_;
  std::size_t budget_;  // entries may overlap in a forged archive; honest ones add up to less than the file
  std::map<std::string, std::vector<char>> loaded_;
};

/// The folder inside the archive that holds everything.
std::string find_prefix(const ZipArchive& archive, const std::string& origin) {
  constexpr std::string_view kPickle = "/data.pkl";
  std::optional<std::string> prefix;
  for (const std::string& name : archive.names()) {
    if (!name.ends_with(kPickle)) continue;
    if (prefix) fail(origin, "holds more than one data.pkl");
    prefix = name.substr(0, name.size() - kPickle.size());
  }
  if (!prefix) fail(origin, "is a zip archive without a data.pkl: not written by torch.save");
  return *prefix;
}

void check_byte_order(const ZipArchive& archive, const std::string& prefix, const std::string& origin) {
  const std::string entry = prefix + "/byteorder";
  if (!archive.names().contains(entry)) return;  // before PyTorch 2.1: little-endian
  constexpr std::size_t kLongest = 16;
  const std::vector<char> order = archive.read(entry, kLongest);
  if (std::string_view(order.data(), order.size()) != "little") fail(origin, "its byte order is not 'little'");
}

}  // namespace

std::vector<Tensor> read_state_dict(std::span<const char> file, const std::string& origin) {
  check_signature(file, origin);
  const ZipArchive archive(file, origin);
  const std::string prefix = find_prefix(archive, origin);
  check_byte_order(archive, prefix, origin);
  const std::vector<char> code = archive.read(prefix + "/data.pkl", pickle::kMaxBytes);
  const auto [heap, top] = pickle::run(code, origin + ", data.pkl");
  if (top.kind != pickle::Kind::dict) fail(origin, "is not a state_dict: the pickled value is not a dict");

  Storages storages(archive, prefix, origin, file.size());
  std::set<std::string> names;
  std::size_t budget = file.size();  // elements; views may overlap, but not multiply the file
  std::vector<Tensor> tensors;
  for (const auto& [key, value] : heap.dicts[static_cast<std::size_t>(top.number)]) {
    if (key.kind != pickle::Kind::text) fail(origin, "a key of the state_dict is not a text");
    const std::string& name = heap.texts[static_cast<std::size_t>(key.number)];
    const std::string place = "key '" + pickle::printable(name) + "' ";
    if (value.kind != pickle::Kind::tensor) fail(origin, place + "is not a tensor");
    if (!names.insert(name).second) fail(origin, place + "appears twice");
    const pickle::TensorView& view = heap.tensors[static_cast<std::size_t>(value.number)];
    if (view.elements > budget) fail(origin, place + "has more elements than the file can hold");
    budget -= view.elements;
    const pickle::Storage& storage = heap.storages[view.storage];
    const std::vector<char>& bytes = storages.bytes(storage, heap.texts[storage.key]);
    tensors.push_back(
        {name, storage.type, {view.shape.begin(), view.shape.end()}, read_elements(storage.type, bytes, view)});
  }
  return tensors;
}

std::vector<Tensor> read_state_dict(const std::filesystem::path& path) {
  const FileBytes file(path);
  return read_state_dict(file.bytes(), path.string());
}

}  // namespace kintsugi
