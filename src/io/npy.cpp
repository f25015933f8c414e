// The header of a .npy file is the text of a Python dict, which NumPy writes in one form only:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
// padded with spaces and ended by a newline (on Python 2 with an L behind each size). The keys may stand in any order;
// nothing else is understood.

#include "io/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>

#include "io/elements.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::npy {

namespace {

struct Code {
  std::string_view code;
  TensorType type;
};

constexpr std::array kTypes{
    Code{"f2", TensorType::float16}, Code{"f4", TensorType::float32}, Code{"f8", TensorType::float64},
    Code{"b1", TensorType::boolean}, Code{"u1", TensorType::uint8},   Code{"i1", TensorType::int8},
    Code{"i2", TensorType::int16},   Code{"u2", TensorType::uint16},  Code{"i4", TensorType::int32},
    Code{"u4", TensorType::uint32},  Code{"i8", TensorType::int64},   Code{"u8", TensorType::uint64},
};

class DictReader {
 public:
  DictReader(std::string_view text, const std::string& place) : rest_(text), place_(place) {}

  Header read() {
    Header header;
    std::set<std::string> keys;
    expect('{');
    while (!take('}')) {
      const std::string key = text();
      if (!keys.insert(key).second) fail("has the key '" + key + "' twice");
      expect(':');
      if (key == "descr") {
        type(header);
      } else if (key == "fortran_order") {
        header.fortran_order = boolean();
      } else if (key == "shape") {
        header.shape = shape();
      } else {
        fail("has the unknown key '" + printable(key) + "'");
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) fail("goes on behind its dict");
    if (keys.size() != 3) fail("needs descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& rule) const { throw InputError(place_ + ": its header " + rule); }

  void skip_space() {
    const std::size_t first = rest_.find_first_not_of(" \n\t\r");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }

  bool take(char wanted) {
    skip_space();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!take(wanted)) fail(std::string("has no '") + wanted + "' where one must be");
  }

  bool take_word(std::string_view word) {
    skip_space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string text() {
    if (!take('u')) skip_space();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail("has no text where one must be");
    const std::string content(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return content;
  }

  void type(Header& header) {
    if (take('[')) fail("describes records; arrays of plain numbers are read");
    const std::string word = text();
    header.big_endian = word.starts_with('>');
    if (const auto found = std::ranges::find(kTypes, word.substr(std::min<std::size_t>(1, word.size())), &Code::code);
        found != kTypes.end() && std::string_view("<>|=").find(word.front()) != std::string_view::npos) {
      header.type = found->type;
    } else if (word == "<V2" || word == ">V2") {
      header.type = TensorType::bfloat16;  // NumPy has none; whose elements have a byte order is of ml_dtypes
    } else {
      header.problem = "has the type '" + printable(word) + "', " + std::string(reason(word)) +
                       "; floats ('<f4', '>f8', ...) and integers are read";
    }
  }

  /// Why a type is not read.
  static std::string_view reason(std::string_view word) {
    if (word == "|V2") return "two bytes that may be bfloat16: save them as float32, array.astype('float32')";
    if (word.ends_with("V1") || word.ends_with("f1")) {
      return "one byte that may be a float8 of several kinds: save them as float32, array.astype('float32')";
    }
    if (word.ends_with("O")) return "Python objects, which are never unpickled";
    if (word.find('c') != std::string_view::npos) return "complex numbers";
    if (word.ends_with("f16") || word.ends_with("f12")) return "long doubles: save them by array.astype('float64')";
    return "which is not read";
  }

  bool boolean() {
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    fail("has a fortran_order that is neither True nor False");
  }

  std::vector<std::uint64_t> shape() {
    std::vector<std::uint64_t> sizes;
    expect('(');
    while (!take(')')) {
      if (sizes.size() == kMaxDimensions) fail("has more than " + std::to_string(kMaxDimensions) + " dimensions");
      skip_space();
      std::uint64_t size = 0;
      const auto [next, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc{}) fail("has a shape that is no tuple of integers from 0");
      rest_.remove_prefix(static_cast<std::size_t>(next - rest_.data()));
      sizes.push_back(size);
      take('L');
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::string_view rest_;
  const std::string& place_;
};

}  // namespace

Header parse_header(std::span<const char> file, const std::string& place) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  const std::string_view content(file.data(), file.size());
  if (!content.starts_with(kMagic) || content.size() < kMagic.size() + 2) {
    throw InputError(place + ": is not a .npy file");
  }
  const int version = static_cast<unsigned char>(content[kMagic.size()]);
  if (version < 1 || version > 3 || content[kMagic.size() + 1] != 0) {
    throw InputError(place + ": is of .npy version " + std::to_string(version) + "; 1.0, 2.0 and 3.0 are read");
  }
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  const std::size_t start = kMagic.size() + 2 + length_bytes;
  if (content.size() < start) throw InputError(place + ": ends in its header");
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length |= std::size_t{static_cast<unsigned char>(content[kMagic.size() + 2 + i])} << (8 * i);
  }
  if (length > kMaxHeader) throw InputError(place + ": its header has " + std::to_string(length) + " bytes, too many");
  if (length > content.size() - start) throw InputError(place + ": ends in its header");
  Header header = DictReader(content.substr(start, length), place).read();
  header.data = start + length;
  return header;
}

StoredTensor open_array(std::shared_ptr<const std::vector<char>> file, std::vector<std::string> path,
                        const std::string& place) {
  const Header header = parse_header(*file, place);
  StoredTensor tensor{.path = std::move(path),
                      .type = header.type,
                      .shape = {header.shape.begin(), header.shape.end()},
                      .problem = header.problem};
  if (!header.problem.empty()) return tensor;
  const std::optional<std::uint64_t> needed = count_bytes(header.type, header.shape);
  const std::size_t there = file->size() - header.data;
  if (!needed || *needed != there) {
    throw InputError(place + ": holds " + std::to_string(there) + " bytes of data, but its shape and type need " +
                     (needed ? std::to_string(*needed) : "more than there can be"));
  }
  tensor.read = [file = std::move(file), header] {
    const std::span<const char> data = std::span<const char>(*file).subspan(header.data);
    return read_elements(header.type, data, dense_view(header.shape, header.fortran_order), header.big_endian);
  };
  return tensor;
}

}  // namespace kintsugi::npy
