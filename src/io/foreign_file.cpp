#include "io/foreign_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kFromPandas = "write it anew as CSV (pandas: to_csv(\"data.csv\", index=False))";
constexpr std::string_view kSaveAsCsv = "save the sheet as CSV";
constexpr std::string_view kUnpack = "unpack it and give what is in it";

struct Kind {
  std::string_view signature;
  std::string_view what;
  std::string_view remedy;
};

constexpr std::array kKinds{
    Kind{"PAR1"sv, "a Parquet file", kFromPandas},
    Kind{"ARROW1"sv, "an Arrow or Feather file", kFromPandas},
    Kind{"FEA1"sv, "a Feather file", kFromPandas},
    Kind{"ORC"sv, "an ORC file", kFromPandas},
    Kind{"Obj\x01"sv, "an Avro file", kFromPandas},
    Kind{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "an old Excel or Office file (.xls)", kSaveAsCsv},
    Kind{"MATLAB 5.0 MAT-file"sv, "a MATLAB file of version 5 to 7.2",
         "save it as text (writematrix) or by save(..., \"-v7.3\"), which is HDF5"},
    Kind{"SQLite format 3\0"sv, "an SQLite database", "export the table as CSV"},
    Kind{"RDX"sv, "an R file (.RData)", "write the table by write.csv(..., row.names = FALSE)"},
    Kind{"X\n\0\0\0"sv, "an R file (.rds)", "write the table by write.csv(..., row.names = FALSE)"},
    Kind{"version https://git-lfs.github.com/"sv, "a Git LFS pointer and not the file itself",
         "run 'git lfs pull' first"},
    Kind{"%PDF-"sv, "a PDF file", "give the table as CSV"},
    Kind{"7z\xBC\xAF\x27\x1C"sv, "a 7z archive", kUnpack},
    Kind{"Rar!\x1A\x07"sv, "a RAR archive", kUnpack},
    Kind{"\x1F\x9D"sv, "compressed by the old 'compress' (.Z)", "unpack it first (uncompress)"},
};

bool is_web_page(std::string_view text) {
  constexpr std::size_t kLooked = 512;
  std::string start(text.substr(0, kLooked));
  std::ranges::transform(start, start.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t first = start.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const std::string_view rest = std::string_view(start).substr(std::min(first, start.size()));
  return rest.starts_with("<!doctype html") || rest.starts_with("<html");
}

}  // namespace

void refuse_foreign(std::span<const char> file, const std::string& origin) {
  const std::string_view bytes(file.data(), file.size());
  const auto found = std::ranges::find_if(kKinds, [&](const Kind& kind) { return bytes.starts_with(kind.signature); });
  if (found != kKinds.end()) {
    throw InputError(origin + ": is " + std::string(found->what) +
                     ", which is not read: " + std::string(found->remedy));
  }
  if (is_web_page(bytes)) {
    throw InputError(origin + ": is a web page (HTML), not the file itself: download the file that the page shows");
  }
}

}  // namespace kintsugi
