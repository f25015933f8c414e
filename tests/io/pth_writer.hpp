#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kintsugi::testing {

/// Writes pickles opcode by opcode, so that tests can build hostile ones as well.
class Pickle {
 public:
  explicit Pickle(int protocol = 2);

  Pickle& raw(std::string_view bytes);
  Pickle& mark() { return raw("("); }
  Pickle& tuple() { return raw("t"); }
  Pickle& empty_tuple() { return raw(")"); }
  Pickle& reduce() { return raw("R"); }
  Pickle& text(std::string_view value);
  Pickle& integer(std::uint64_t value);
  Pickle& integers(const std::vector<std::uint64_t>& values);
  Pickle& global(std::string_view module, std::string_view name);
  Pickle& ordered_dict();

  /// The persistent id of a storage and the opcode that loads it.
  Pickle& storage(std::string_view type, std::string_view key, std::uint64_t elements);
  /// A whole _rebuild_tensor_v2 call over such a storage.
  Pickle& tensor(std::string_view type, std::string_view key, std::uint64_t elements, std::uint64_t offset,
                 const std::vector<std::uint64_t>& shape, const std::vector<std::uint64_t>& strides);

  /// The pickle with its STOP.
  [[nodiscard]] std::string finish() const { return bytes_ + "."; }

 private:
  std::string bytes_;
};

struct ZipEntry {
  std::string name;
  std::string content;
  bool compressed = false;
};

/// A zip archive's bytes, made by libzip.
[[nodiscard]] std::string zip_archive(const std::vector<ZipEntry>& entries);

/// The archive that torch.save makes of a pickle and its storages (key and content), under the prefix "archive".
[[nodiscard]] std::string pth_archive(const std::string& pickle,
                                      const std::vector<std::pair<std::string, std::string>>& storages);

/// A linear layer as torch.save writes it, float32. An empty `bias` means none.
[[nodiscard]] std::string linear_pth(std::size_t out, std::size_t in, const std::vector<float>& weight,
                                     const std::vector<float>& bias);

/// The bytes of `values` as they lie in memory.
template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace kintsugi::testing
