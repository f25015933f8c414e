#include "io/npz.hpp"

#include <optional>

#include "io/elements.hpp"
#include "io/file_bytes.hpp"
#include "io/npy.hpp"
#include "io/pickle.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// Honest weights hardly compress at all; only a bomb expands a hundredfold.
constexpr std::size_t kMostExpansion = 100;

Tensor read_array(std::span<const char> file, std::string name, const std::string& place) {
  const npy::Header header = npy::parse_header(file, place);
  const std::optional<std::uint64_t> needed = count_bytes(header.type, header.shape);
  const std::span<const char> data = file.subspan(header.data);
  if (!needed || *needed != data.size()) {
    throw InputError(place + ": holds " + std::to_string(data.size()) + " bytes of data, but its shape and type need " +
                     (needed ? std::to_string(*needed) : "more than there can be"));
  }
  return {std::move(name),
          header.type,
          {header.shape.begin(), header.shape.end()},
          read_elements(header.type, data, dense_view(header.shape, header.fortran_order))};
}

}  // namespace

std::vector<Tensor> read_npz(std::span<const char> file, const std::string& origin) {
  constexpr std::string_view kEnding = ".npy";
  const ZipArchive archive(file, origin);
  std::size_t budget = file.size();  // bytes of content; entries may overlap in a forged archive
  if (__builtin_mul_overflow(budget, kMostExpansion, &budget)) budget = FileBytes::kNoLimit;
  std::vector<Tensor> tensors;
  for (const std::string& entry : archive.ordered_names()) {
    if (!entry.ends_with(kEnding)) {
      throw InputError(origin + ": holds '" + pickle::printable(entry) + "', which is no .npy file");
    }
    const std::vector<char> content = archive.inflate(entry, budget);
    budget -= content.size();
    const std::string name = entry.substr(0, entry.size() - kEnding.size());
    tensors.push_back(read_array(content, name, origin + ", array '" + pickle::printable(name) + "'"));
  }
  return tensors;
}

std::vector<Tensor> read_npz(const std::filesystem::path& path) {
  const FileBytes file(path);
  return read_npz(file.bytes(), path.string());
}

}  // namespace kintsugi
