// Tables that are in memory, by their content.

#include <algorithm>
#include <memory>
#include <string_view>

#include "io/csv_text.hpp"
#include "io/decompress.hpp"
#include "io/foreign_file.hpp"
#include "io/npy.hpp"
#include "io/npz.hpp"
#include "io/pth.hpp"
#include "io/safetensors.hpp"
#include "io/table.hpp"
#include "io/table_arrays.hpp"
#include "io/tensor.hpp"
#include "io/text_encoding.hpp"
#include "io/torch_stream.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::string_view kHdf5("\x89HDF\r\n\x1a\n", 8);

/// Of Python's protocols 2 to 5.
bool is_pickle(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

bool is_tar(std::string_view bytes) {
  constexpr std::size_t kAt = 257;
  return bytes.size() > kAt && bytes.substr(kAt).starts_with("ustar");
}

/// Without counters, texts and what else may lie beside arrays of numbers.
std::vector<Tensor> numbers_of(std::vector<StoredTensor> tensors, const std::string& origin) {
  std::erase_if(tensors, [](const StoredTensor& tensor) { return tensor.is_plain || !tensor.problem.empty(); });
  return read_all(tensors, origin);
}

class TableReader {
 public:
  explicit TableReader(const TableOptions& options) : options_(options) {}

  /// `layers`: how often the content was unpacked already.
  Table read(std::span<const char> file, const std::string& origin, int layers) {
    constexpr int kMostLayers = 3;
    const std::string_view bytes(file.data(), file.size());
    const std::string_view compression = compression_of(file);
    if (!compression.empty()) {
      if (layers == kMostLayers) throw InputError(origin + ": is compressed more than three times over");
      return read(decompress(file, origin), origin, layers + 1);
    }
    if (bytes.starts_with("PK\x03\x04")) return read_zip(file, origin, layers);
    if (bytes.starts_with("\x93NUMPY")) return from_arrays(read_npy(file, origin), origin);
    if (pickle::is_torch_stream(file) || is_pickle(bytes)) return from_pytorch(file, origin);
    refuse_foreign(file, origin);
    if (is_safetensors(file)) return from_arrays(read_safetensors(file, origin), origin);
    if (bytes.starts_with(kHdf5)) {
      throw InputError(origin +
                       ": is HDF5, which is read from a file only, not from a pipe or an archive: unpack it first");
    }
    if (is_tar(bytes)) throw InputError(origin + ": is a tar archive: unpack it and give the table in it");
    return read_text(file, origin);
  }

  Table from_arrays(std::vector<Tensor> arrays, const std::string& origin) {
    Table table;
    table.rows = rows_of_arrays(std::move(arrays), options_, origin, table.notes);
    return table;
  }

 private:
  Table from_pytorch(std::span<const char> file, const std::string& origin) {
    return from_arrays(numbers_of(open_pytorch({nullptr, file}, origin), origin), origin);
  }

  static std::vector<Tensor> read_npy(std::span<const char> file, const std::string& origin) {
    auto content = std::make_shared<const std::vector<char>>(file.begin(), file.end());
    return read_all({npy::open_array(std::move(content), {"array"}, origin)}, origin);
  }

  Table read_text(std::span<const char> file, const std::string& origin) {
    std::string store;
    const std::string_view text = decode_text(file, origin, store);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) {
      throw InputError(origin + ": is JSON, not a table by lines: write it as CSV");
    }
    return read_csv_text(text, options_, origin);
  }

  /// A zip archive may be an .npz, a PyTorch file, a spreadsheet, or hold one table.
  Table read_zip(std::span<const char> file, const std::string& origin, int layers) {
    const ZipArchive archive(file, origin);
    std::vector<std::string> files;
    for (const std::string& name : archive.ordered_names()) {
      if (name.ends_with("/data.pkl") || name == "data.pkl") return from_pytorch(file, origin);
      if (name.starts_with("xl/")) refuse_sheet(origin, "an Excel workbook (.xlsx)");
      if (name == "mimetype" || name == "content.xml") refuse_sheet(origin, "an OpenDocument file (.ods)");
      if (!is_passed_over(name)) files.push_back(name);
    }
    const auto is_npy = [](const std::string& name) { return name.ends_with(".npy"); };
    if (!files.empty() && std::ranges::all_of(files, is_npy)) return from_arrays(read_npz(file, origin), origin);
    if (files.size() != 1) {
      throw InputError(origin + ": is a zip archive of " + std::to_string(files.size()) +
                       " files, and one table is wanted: unpack it and give the table in it");
    }
    const std::vector<char> content = archive.read(files[0], most_inflated(file.size()));
    return read(content, origin + ", " + printable(files[0]), layers + 1);
  }

  [[noreturn]] static void refuse_sheet(const std::string& origin, const std::string& what) {
    throw InputError(origin + ": is " + what + ", which is not read: save the sheet as CSV");
  }

  const TableOptions& options_;
};

}  // namespace

Table read_table(std::span<const char> file, const std::string& origin, const TableOptions& options) {
  return TableReader(options).read(file, origin, 0);
}

}  // namespace kintsugi
