#include "kintsugi/io/pth.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "io/file_bytes.hpp"
#include "io/pickle.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian and read as they are");

std::string_view to_string(TensorType type) {
  switch (type) {
    case TensorType::float16: return "float16";
    case TensorType::bfloat16: return "bfloat16";
    case TensorType::float32: return "float32";
    case TensorType::float64: return "float64";
  }
  throw InternalError("unknown tensor type");
}

std::size_t element_size(TensorType type) {
  switch (type) {
    case TensorType::float16:
    case TensorType::bfloat16: return 2;
    case TensorType::float32: return 4;
    case TensorType::float64: return 8;
  }
  throw InternalError("unknown tensor type");
}

namespace {

[[noreturn]] void fail(const std::string& origin, const std::string& rule) { throw InputError(origin + ": " + rule); }

// ---- values ----

double from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double magnitude = 0;
  if (exponent == 31) {
    magnitude = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double from_bfloat(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

template <class Bits>
Bits load(const char* at) {
  Bits bits;
  std::memcpy(&bits, at, sizeof(Bits));
  return bits;
}

/// The view's elements in row-major order. The view was checked against the storage's size.
template <class Element>
std::vector<double> gather(const pickle::TensorView& view, std::size_t size, const char* storage, Element element) {
  std::vector<double> values(view.elements);
  std::vector<std::uint64_t> index(view.shape.size(), 0);
  const std::size_t last = view.shape.empty() ? 0 : view.shape.size() - 1;
  const std::uint64_t run = view.shape.empty() ? 1 : view.shape[last];
  const std::uint64_t step = view.shape.empty() ? 0 : view.strides[last];
  for (std::size_t out = 0; out < values.size(); out += run) {
    std::uint64_t at = view.offset;
    for (std::size_t i = 0; i < last; ++i) at += index[i] * view.strides[i];
    for (std::uint64_t i = 0; i < run; ++i) values[out + i] = element(storage + (at + i * step) * size);
    for (std::size_t i = last; i-- > 0;) {  // the next run's index, counted as an odometer
      if (++index[i] < view.shape[i]) break;
      index[i] = 0;
    }
  }
  return values;
}

std::vector<double> convert(const pickle::TensorView& view, TensorType type, const char* storage) {
  const std::size_t size = element_size(type);
  switch (type) {
    case TensorType::float16:
      return gather(view, size, storage, [](const char* at) { return from_half(load<std::uint16_t>(at)); });
    case TensorType::bfloat16:
      return gather(view, size, storage, [](const char* at) { return from_bfloat(load<std::uint16_t>(at)); });
    case TensorType::float32:
      return gather(view, size, storage, [](const char* at) { return static_cast<double>(load<float>(at)); });
    case TensorType::float64: return gather(view, size, storage, [](const char* at) { return load<double>(at); });
  }
  throw InternalError("unknown tensor type");
}

// ---- the archive ----

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
        {name, storage.type, {view.shape.begin(), view.shape.end()}, convert(view, storage.type, bytes.data())});
  }
  return tensors;
}

std::vector<Tensor> read_state_dict(const std::filesystem::path& path) {
  const FileBytes file(path);
  return read_state_dict(file.bytes(), path.string());
}

}  // namespace kintsugi
