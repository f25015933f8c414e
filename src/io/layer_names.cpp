#include "io/layer_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// `name` without the keys that wrappers around modules put in.
std::string without_wrappers(const std::string& name) {
  constexpr std::array<std::string_view, 6> kWrappers{
      "module",          "_orig_mod",      "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
      "_forward_module", "_wrapped_module"};
  std::string result;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find_first_of("./", at), name.size());
    const std::string_view key(name.data() + at, end - at);
    if (std::ranges::find(kWrappers, key) == kWrappers.end()) result.append(result.empty() ? "" : ".").append(key);
    at = end + 1;
  }
  return result;
}

/// A name cut at one run of digits.
struct Numbered {
  std::string around;  ///< the name without it
  int number = -1;     ///< -1: there is none, or one too large for an index
};

/// Cuts out the run of digits that ends before `end`.
Numbered cut_number(const std::string& name, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && is_digit(name[begin - 1])) --begin;
  Numbered result{name.substr(0, begin) + '#' + name.substr(end), -1};
  int number = 0;
  const auto [next, error] = std::from_chars(name.data() + begin, name.data() + end, number);
  if (begin < end && error == std::errc{}) result.number = number;
  return result;
}

/// Whether the numbers are 0, 1, ..., each once.
bool are_indices(std::vector<int> numbers) {
  std::ranges::sort(numbers);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != static_cast<int>(i)) return false;
  }
  return true;
}

std::vector<int> numbers_of(const std::vector<Numbered>& names) {
  std::vector<int> numbers;
  numbers.reserve(names.size());
  for (const Numbered& name : names) numbers.push_back(name.number);
  return numbers;
}

/// The only number of names that are alike but for it; empty where they are not.
std::vector<int> only_numbers(const std::vector<std::string>& names) {
  std::vector<Numbered> cut;
  cut.reserve(names.size());
  for (const std::string& name : names) {
    const auto last = std::find_if(name.rbegin(), name.rend(), is_digit).base();
    cut.push_back(cut_number(name, static_cast<std::size_t>(last - name.begin())));
    if (cut.back().around != cut.front().around) return {};
  }
  return numbers_of(cut);
}

}  // namespace

std::optional<LayerPart> part_of(const std::string& name) {
  constexpr std::string_view kSeparators = "._/";
  for (const std::string_view ending : {"weight", "bias"}) {
    if (!name.ends_with(ending)) continue;
    std::string layer = name.substr(0, name.size() - ending.size());
    if (!layer.empty()) {
      if (kSeparators.find(layer.back()) == std::string_view::npos) continue;
      layer.pop_back();
    }
    return LayerPart{std::move(layer), ending == "weight"};
  }
  return std::nullopt;
}

std::optional<int> trailing_number(const std::string& name, const std::string& origin) {
  const auto first_digit = std::find_if_not(name.rbegin(), name.rend(), is_digit).base();
  if (first_digit == name.end()) return std::nullopt;
  int number = 0;
  const char* const end = name.data() + name.size();
  const auto [next, error] = std::from_chars(name.data() + (first_digit - name.begin()), end, number);
  if (error != std::errc{} || next != end) throw InputError(origin + ": its number is too large for a piece's index");
  return number;
}

std::vector<int> indices_of(const std::vector<std::string>& names) {
  std::vector<std::string> plain;
  std::vector<Numbered> endings;
  std::vector<int> places;
  for (const std::string& name : names) {
    plain.push_back(without_wrappers(name));
    endings.push_back(cut_number(plain.back(), plain.back().size()));
    places.push_back(static_cast<int>(places.size()));
  }
  for (const std::vector<int>& numbers : {numbers_of(endings), only_numbers(plain)}) {
    if (numbers.size() == names.size() && are_indices(numbers)) return numbers;
  }
  return places;
}

}  // namespace kintsugi
