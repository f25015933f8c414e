#include "io/piece_list.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/tensor.hpp"
#include "io/text_encoding.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using nlohmann::json;

/// Parses one JSON value, and lists the keys of an object in `keys`, each as often as it is there.
json parse_json(std::string_view text, const std::string& origin, std::vector<std::string>& keys) {
  const auto note_key = [&](int depth, json::parse_event_t event, const json& value) {
    if (event == json::parse_event_t::key && depth == 1) keys.push_back(value.get<std::string>());
    return true;
  };
  try {
    return json::parse(text, note_key);
  } catch (const json::exception& error) {
    const std::string reason = printable(std::string(error.what()).substr(0, 60));
    throw InputError(origin + ": begins like JSON but is none (" + reason +
                     "); comments and lists of objects are not read");
  }
}

std::string list_of(std::span<const std::string_view> keys) {
  std::string text;
  for (const std::string_view key : keys) text.append(text.empty() ? "\"" : ", \"").append(key).append("\"");
  return text;
}

std::vector<int> numbers_of(const json& list, const std::string& place, const std::string& origin) {
  if (list.is_string()) return parse_permutation(list.get<std::string>(), place);
  if (!list.is_array() || list.empty())
    throw InputError(origin + ": JSON: " + place + " is not a list of pieces' numbers");
  std::vector<int> numbers;
  numbers.reserve(list.size());
  for (const json& entry : list) {
    const double value = entry.is_number() ? entry.get<double>() : -1;
    if (value < 0 || value > std::numeric_limits<int>::max() || value != static_cast<double>(static_cast<int>(value))) {
      throw InputError(place + ", entry " + std::to_string(numbers.size() + 1) + ": expected a piece's number");
    }
    numbers.push_back(static_cast<int>(value));
  }
  return numbers;
}

}  // namespace

std::vector<int> parse_piece_list(std::span<const char> bytes, std::span<const std::string_view> keys,
                                  const std::string& origin) {
  std::string store;
  const std::string_view text = decode_text(bytes, origin, store);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return parse_permutation(text, origin);
  std::vector<std::string> names;
  const json object = parse_json(text, origin, names);
  for (const std::string_view key : keys) {
    const auto found = std::ranges::count(names, key);
    if (found > 1) throw InputError(origin + ": JSON: has the key \"" + std::string(key) + "\" twice");
    if (found == 1) return numbers_of(object.at(std::string(key)), origin + ", \"" + std::string(key) + "\"", origin);
  }
  throw InputError(origin + ": JSON: has none of the keys " + list_of(keys) +
                   "; a list of numbers under one of them is wanted");
}

}  // namespace kintsugi
