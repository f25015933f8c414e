#include "io/npz.hpp"

#include <string_view>

#include "io/file_bytes.hpp"
#include "io/npy.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

bool is_passed_over(const std::string& entry) {
  const std::string_view name = std::string_view(entry).substr(entry.rfind('/') + 1);
  return name.empty() || name.starts_with("._") || name == ".DS_Store" || entry.starts_with("__MACOSX/");
}

std::vector<StoredTensor> open_npz(const ZipArchive& archive, std::size_t bytes, const std::string& origin) {
  constexpr std::string_view kEnding = ".npy";
  std::size_t budget = most_inflated(bytes);  // of content; entries may overlap in a forged archive
  std::vector<StoredTensor> tensors;
  for (const std::string& entry : archive.ordered_names()) {
    if (is_passed_over(entry)) continue;
    if (!entry.ends_with(kEnding)) {
      throw InputError(origin + ": holds '" + printable(entry) + "', which is no .npy file");
    }
    auto content = std::make_shared<const std::vector<char>>(archive.read(entry, budget));
    budget -= content->size();
    const std::string name = entry.substr(0, entry.size() - kEnding.size());
    tensors.push_back(npy::open_array(std::move(content), {name}, origin + ", array '" + printable(name) + "'"));
  }
  return tensors;
}

std::vector<Tensor> read_npz(std::span<const char> file, const std::string& origin) {
  return read_all(open_npz(ZipArchive(file, origin), file.size(), origin), origin);
}

std::vector<Tensor> read_npz(const std::filesystem::path& path) {
  const FileBytes file(path);
  return read_npz(file.bytes(), path.string());
}

}  // namespace kintsugi
