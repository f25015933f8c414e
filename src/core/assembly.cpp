#include "kintsugi/core/assembly.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::vector<int> to_permutation(const Assembly& assembly) {
  std::vector<int> permutation;
  permutation.reserve(2 * assembly.blocks.size() + 1);
  for (const Block& block : assembly.blocks) {
    permutation.push_back(block.expand);
    permutation.push_back(block.compress);
  }
  permutation.push_back(assembly.head);
  return permutation;
}

Assembly from_permutation(std::span<const int> permutation) {
  if (permutation.size() % 2 == 0) {
    throw InputError("a permutation has an odd number of pieces (two per block and the head), this one has " +
                     std::to_string(permutation.size()));
  }
  std::vector<char> seen(permutation.size(), 0);
  for (const int piece : permutation) {
    if (piece < 0 || static_cast<std::size_t>(piece) >= permutation.size()) {
      throw InputError("the permutation names piece " + std::to_string(piece) + ", but pieces run from 0 to " +
                       std::to_string(permutation.size() - 1));
    }
    if (seen[static_cast<std::size_t>(piece)]++ != 0) {
      throw InputError("the permutation names piece " + std::to_string(piece) + " twice");
    }
  }
  Assembly assembly;
  for (std::size_t i = 0; i + 1 < permutation.size(); i += 2) {
    assembly.blocks.push_back({permutation[i], permutation[i + 1]});
  }
  assembly.head = permutation.back();
  return assembly;
}

std::vector<int> reversed(std::span<const int> permutation) {
  if (permutation.size() % 2 == 0) {
    throw InputError("a permutation has an odd number of pieces, not " + std::to_string(permutation.size()));
  }
  std::vector<int> result;
  result.reserve(permutation.size());
  for (std::size_t end = permutation.size() - 1; end > 0; end -= 2)
    result.insert(result.end(), {permutation[end - 2], permutation[end - 1]});
  result.push_back(permutation.back());
  return result;
}

std::string format_permutation(std::span<const int> permutation) {
  std::string text;
  for (const int piece : permutation) {
    if (!text.empty()) text += ',';
    text += std::to_string(piece);
  }
  return text;
}

namespace {

/// Reads a list of numbers from left to right.
class NumberList {
 public:
  NumberList(std::string_view text, const std::string& origin)
      : at_(text.data()), end_(at_ + text.size()), origin_(origin) {}

  std::vector<int> read() {
    skip_space();
    const char closing = closing_bracket();
    if (closing != 0) ++at_;
    skip_space();
    while (true) {
      numbers_.push_back(number());
      const bool spaced = skip_space();
      if (at_ == end_ && closing == 0) return std::move(numbers_);
      if (at_ == end_) fail(std::string("expected ") + closing + " at the end of the list");
      const bool comma = *at_ == ',' || *at_ == ';';
      if (comma) ++at_;
      skip_space();
      if (closing != 0 && at_ != end_ && *at_ == closing) return end_of_list();
      if (!comma && !spaced) fail("expected a comma or blank after " + std::to_string(numbers_.back()));
    }
  }

 private:
  [[noreturn]] void fail(const std::string& rule) const {
    throw InputError(origin_ + ", entry " + std::to_string(numbers_.size() + 1) + ": " + rule);
  }

  /// Passes over white space, and comments from # to the end of the line; whether there was any.
  bool skip_space() {
    const char* const from = at_;
    for (; at_ != end_ && (*at_ == '#' || std::isspace(static_cast<unsigned char>(*at_)) != 0); ++at_) {
      if (*at_ != '#') continue;
      at_ = std::find(at_, end_, '\n');
      if (at_ == end_) break;
    }
    return at_ != from;
  }

  /// Of the bracket that opens here; 0: none does.
  [[nodiscard]] char closing_bracket() const {
    if (at_ == end_) return 0;
    if (*at_ == '[') return ']';
    return *at_ == '(' ? ')' : '\0';
  }

  std::vector<int> end_of_list() {
    ++at_;
    skip_space();
    if (at_ != end_) fail("expected the end of the file behind the list");
    return std::move(numbers_);
  }

  /// A whole number, maybe written as a real one ("3.0", "3.000e+00").
  int number() {
    int value = 0;
    const auto [next, error] = std::from_chars(at_, end_, value);
    if (error != std::errc{}) fail("expected a piece's number" + seen());
    if (next != end_ && (*next == '.' || *next == 'e' || *next == 'E')) {
      double real = 0;
      const auto [real_end, real_error] = std::from_chars(at_, end_, real);
      value = static_cast<int>(std::clamp(real, -1.0, static_cast<double>(std::numeric_limits<int>::max())));
      if (real_error != std::errc{} || static_cast<double>(value) != real) fail("expected a whole number" + seen());
      at_ = real_end;
    } else {
      at_ = next;
    }
    return value;
  }

  /// ", got 'abc'"
  [[nodiscard]] std::string seen() const {
    constexpr std::ptrdiff_t kLongest = 20;
    const char* const last =
        std::find_if(at_, std::min(end_, at_ + std::min(end_ - at_, kLongest)),
                     [](unsigned char c) { return std::isspace(c) != 0 || c == ',' || c < ' ' || c > '~'; });
    return at_ == last ? std::string() : ", got '" + std::string(at_, last) + "'";
  }

  const char* at_;
  const char* end_;
  const std::string& origin_;
  std::vector<int> numbers_;
};

}  // namespace

std::vector<int> parse_permutation(std::string_view text, const std::string& origin) {
  return NumberList(text, origin).read();
}

namespace {

std::size_t count_inversions(std::span<int> values, std::span<int> scratch) {
  if (values.size() < 2) return 0;
  const std::size_t half = values.size() / 2;
  std::size_t inversions =
      count_inversions(values.first(half), scratch) + count_inversions(values.subspan(half), scratch);
  std::size_t left = 0;
  std::size_t right = half;
  for (std::size_t out = 0; out < values.size(); ++out) {
    if (right == values.size() || (left < half && values[left] <= values[right])) {
      scratch[out] = values[left++];
    } else {
      inversions += half - left;
      scratch[out] = values[right++];
    }
  }
  std::copy_n(scratch.begin(), values.size(), values.begin());
  return inversions;
}

}  // namespace

std::size_t kendall_distance(std::span<const int> a, std::span<const int> b) {
  if (a.size() != b.size()) throw InternalError("kendall_distance: sizes differ");
  std::vector<int> place(b.size());
  for (std::size_t i = 0; i < b.size(); ++i) place[static_cast<std::size_t>(b[i])] = static_cast<int>(i);
  std::vector<int> ranks(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) ranks[i] = place[static_cast<std::size_t>(a[i])];
  std::vector<int> scratch(a.size());
  return count_inversions(ranks, scratch);
}

}  // namespace kintsugi
