// Kinds of files with weights (or in their place) that are not read, by their first bytes.

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "io/model_reader.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kFromArrays =
    "save its arrays: numpy.savez('model.npz', **{'0.inp.weight': W, '0.inp.bias': b, ...}), W as [out x in]";
constexpr std::string_view kUnpack = "unpack it and give what is in it";

struct OtherModel {
  std::string_view signature;
  std::size_t place;
  std::string_view what;
  std::string_view remedy;
};

constexpr std::array kOtherModels{
    OtherModel{"version https://git-lfs.github.com/"sv, 0, "a Git LFS pointer and not the file itself",
               "get the file by 'git lfs pull'"},
    OtherModel{"GGUF"sv, 0, "a GGUF file (llama.cpp)", kFromArrays},
    OtherModel{"ggml"sv, 0, "a GGML file", kFromArrays},
    OtherModel{"lmgg"sv, 0, "a GGML file", kFromArrays},
    OtherModel{"tjgg"sv, 0, "a GGML file", kFromArrays},
    OtherModel{"\x89HDF\r\n\x1a\n"sv, 0, "an HDF5 file (Keras' .h5?)", kFromArrays},
    OtherModel{"TFL3"sv, 4, "a TensorFlow Lite model", kFromArrays},
    OtherModel{"\x1f\x8b"sv, 0, "compressed by gzip", "unpack it (gunzip) and give what is in it"},
    OtherModel{"\x28\xb5\x2f\xfd"sv, 0, "compressed by zstd", "unpack it (zstd -d) and give what is in it"},
    OtherModel{"\xfd"
               "7zXZ"sv,
               0, "compressed by xz", "unpack it (unxz) and give what is in it"},
    OtherModel{"BZh"sv, 0, "compressed by bzip2", "unpack it (bunzip2) and give what is in it"},
    OtherModel{"7z\xbc\xaf\x27\x1c"sv, 0, "a 7z archive", kUnpack},
    OtherModel{"Rar!\x1a\x07"sv, 0, "a RAR archive", kUnpack},
    OtherModel{"ustar"sv, 257, "a tar archive (PyTorch before 0.2 wrote such)",
               "unpack it, or load it and save it anew"},
    OtherModel{"MATLAB 5.0 MAT-file"sv, 0, "a MATLAB file", kFromArrays},
};

bool is_page(std::string_view bytes) {
  constexpr std::size_t kLooked = 512;
  std::string start(bytes.substr(0, kLooked));
  std::ranges::transform(start, start.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  start.erase(0, std::min(start.find_first_not_of(" \t\r\n\xef\xbb\xbf"), start.size()));
  return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<?xml");
}

}  // namespace

void refuse_other_model(std::span<const char> file, const std::string& origin) {
  const std::string_view bytes(file.data(), file.size());
  for (const OtherModel& each : kOtherModels) {
    if (bytes.size() < each.place || !bytes.substr(each.place).starts_with(each.signature)) continue;
    throw InputError(origin + ": is " + std::string(each.what) + ", which is not read: " + std::string(each.remedy));
  }
  if (is_page(bytes)) {
    throw InputError(origin + ": is a web page and not the file itself: download the file that the page is about");
  }
}

}  // namespace kintsugi
