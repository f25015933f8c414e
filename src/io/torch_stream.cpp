#include "io/torch_stream.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "kintsugi/core/error.hpp"

namespace kintsugi::pickle {

namespace {

/// The pickles of a stream, one after the other.
class Pickles {
 public:
  Pickles(std::span<const char> file, const std::string& origin, bool is_inner)
      : file_(file), origin_(origin), is_inner_(is_inner) {}

  Result next(const std::string& what) {
    Result result = run(file_.subspan(at_), origin_ + ", " + what + " at byte " + std::to_string(at_), is_inner_);
    at_ += result.end;
    return result;
  }

  std::span<const char> take(std::uint64_t bytes, const std::string& what) {
    if (bytes > file_.size() - at_) throw InputError(origin_ + ": ends in " + what + " (is it truncated?)");
    at_ += bytes;
    return file_.subspan(at_ - bytes, bytes);
  }

 private:
  std::span<const char> file_;
  const std::string& origin_;
  bool is_inner_;
  std::size_t at_ = 0;
};

/// Bytes of an element of each storage that the pickle names, by key.
std::map<std::string, std::uint64_t> element_sizes(const Heap& heap, const std::string& origin) {
  std::map<std::string, std::uint64_t> sizes;
  for (const Storage& storage : heap.storages) {
    if (storage.is_inline) continue;
    const std::uint64_t size = element_size(storage.type);
    const auto [place, is_new] = sizes.emplace(heap.texts[storage.key], size);
    if (!is_new && place->second != size) {
      throw InputError(origin + ": storage '" + printable(place->first) + "' has two types");
    }
  }
  return sizes;
}

}  // namespace

bool is_torch_stream(std::span<const char> file) {
  // PyTorch's magic number 0x1950A86A20F9469CFC6C as a pickled integer.
  constexpr std::string_view kMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  constexpr std::size_t kLooked = 64;
  const std::string_view start(file.data(), std::min(file.size(), kLooked));
  return start.find(kMagic) != std::string_view::npos;
}

TorchStream read_torch_stream(std::span<const char> file, const std::string& origin) {
  if (!is_torch_stream(file)) throw InputError(origin + ": does not begin as torch.save begins a file");
  const bool is_inner = origin == "_load_from_bytes";
  Pickles pickles(file, origin, is_inner);
  static_cast<void>(pickles.next("the magic number"));
  const Result version = pickles.next("the version");
  constexpr std::int64_t kVersion = 1001;
  if (version.top.kind != Kind::integer || version.top.number != kVersion) {
    throw InputError(origin + ": is not of the version " + std::to_string(kVersion) + " of PyTorch's older format");
  }
  static_cast<void>(pickles.next("the machine's facts"));
  TorchStream stream{pickles.next("the pickle"), {}};
  const Result keys = pickles.next("the storages' keys");
  if (keys.top.kind != Kind::list) throw InputError(origin + ": has no list of its storages");
  const std::map<std::string, std::uint64_t> sizes = element_sizes(stream.pickle.heap, origin);
  for (const Value& key : keys.heap.sequence(keys.top)) {
    if (key.kind != Kind::text) throw InputError(origin + ": a storage's key is not a text");
    const std::string& name = keys.heap.text(key);
    const auto size = sizes.find(name);
    if (size == sizes.end()) throw InputError(origin + ": storage '" + printable(name) + "' belongs to no tensor");
    std::uint64_t elements = 0;
    std::memcpy(&elements, pickles.take(sizeof(elements), "a storage").data(), sizeof(elements));
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(elements, size->second, &bytes)) bytes = file.size();
    stream.storages.emplace(name, pickles.take(bytes, "storage '" + printable(name) + "'"));
  }
  return stream;
}

}  // namespace kintsugi::pickle
