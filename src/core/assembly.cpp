#include "kintsugi/core/assembly.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

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

std::string format_permutation(std::span<const int> permutation) {
  std::string text;
  for (const int piece : permutation) {
    if (!text.empty()) text += ',';
    text += std::to_string(piece);
  }
  return text;
}

std::vector<int> parse_permutation(std::string_view text, const std::string& origin) {
  std::vector<int> permutation;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip_space = [&] {
    while (at != end && std::isspace(static_cast<unsigned char>(*at)) != 0) ++at;
  };
  const auto place = [&] { return origin + ", entry " + std::to_string(permutation.size() + 1) + ": "; };
  skip_space();
  while (true) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc{}) throw InputError(place() + "expected a piece's number");
    permutation.push_back(value);
    at = next;
    skip_space();
    if (at == end) return permutation;
    if (*at != ',') throw InputError(place() + "expected a comma after " + std::to_string(value));
    ++at;
    skip_space();
  }
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw InternalError("libcrypto has no SHA-256");
  }
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
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
