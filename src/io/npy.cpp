// The header of a .npy file is the text of a Python dict, which NumPy writes in one form only:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
// padded with spaces and ended by a newline. The keys may stand in any order; nothing else is understood.

#include "io/npy.hpp"

#include <charconv>
#include <set>
#include <string_view>

#include "io/elements.hpp"
#include "io/pickle.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::npy {

namespace {

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
        header.type = type();
      } else if (key == "fortran_order") {
        header.fortran_order = boolean();
      } else if (key == "shape") {
        header.shape = shape();
      } else {
        fail("has the unknown key '" + pickle::printable(key) + "'");
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
    skip_space();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail("has no text where one must be");
    const std::string content(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return content;
  }

  TensorType type() {
    if (take('[')) fail("describes records; arrays of plain numbers are read");
    const std::string word = text();
    if (word == "<f2") return TensorType::float16;
    if (word == "<f4") return TensorType::float32;
    if (word == "<f8") return TensorType::float64;
    fail("has the type '" + pickle::printable(word) + "'; <f2, <f4 and <f8 are read");
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

}  // namespace kintsugi::npy
