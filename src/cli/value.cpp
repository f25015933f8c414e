#include "cli/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kByteUnits{{{"GiB", std::int64_t{1} << 30},
                                                                               {"MiB", std::int64_t{1} << 20},
                                                                               {"KiB", std::int64_t{1} << 10},
                                                                               {"G", 1'000'000'000},
                                                                               {"M", 1'000'000},
                                                                               {"k", 1'000}}};

[[noreturn]] void reject(const std::string& expected, const std::string& given) {
  throw UsageError("expected " + expected + ", got '" + given + "'");
}

/// The whole of `text` as a number; false where anything is left over, out of range or not finite.
template <class T>
bool read_whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if constexpr (std::floating_point<T>) return std::isfinite(value);
  return true;
}

std::string shortest(double value) {
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end};
}

/// In the first unit of which it is a multiple.
std::string in_units(std::int64_t bytes) {
  for (const auto& [name, size] : kByteUnits) {
    if (bytes != 0 && bytes % size == 0) return std::to_string(bytes / size).append(name);
  }
  return std::to_string(bytes);
}

}  // namespace

Value text(std::string& target) {
  return {target, [&target](const std::string& given) { target = given; }};
}

Value path(std::filesystem::path& target) {
  return {target.string(), [&target](const std::string& given) {
            if (given.empty()) reject("a path", given);
            target = given;
          }};
}

Value toggle(bool& target) {
  return {target ? "true" : "false", [&target](const std::string& given) {
            constexpr std::array<std::string_view, 4> kYes{"true", "yes", "on", "1"};
            constexpr std::array<std::string_view, 4> kNo{"false", "no", "off", "0"};
            if (std::ranges::find(kYes, given) != kYes.end()) {
              target = true;
            } else if (std::ranges::find(kNo, given) != kNo.end()) {
              target = false;
            } else {
              reject("true or false", given);
            }
          }};
}

Value number(double& target, double lowest) {
  return {shortest(target), [&target, lowest](const std::string& given) {
            double value = 0;
            if (!read_whole(given, value) || value < lowest) reject("a number of at least " + shortest(lowest), given);
            target = value;
          }};
}

Value duration(double& target) {
  return {shortest(target), [&target](const std::string& given) {
            constexpr std::array<std::pair<char, double>, 3> kUnits{{{'s', 1}, {'m', 60}, {'h', 3600}}};
            std::string_view digits = given;
            double unit = 1;
            for (const auto& [letter, seconds] : kUnits) {
              if (digits.empty() || digits.back() != letter) continue;
              unit = seconds;
              digits.remove_suffix(1);
              break;
            }
            double value = 0;
            if (!read_whole(digits, value) || value < 0 || !std::isfinite(value * unit)) {
              reject("a duration such as 90, 90s, 10m or 2h", given);
            }
            target = value * unit;
          }};
}

Value bytes(std::int64_t& target) {
  return {in_units(target), [&target](const std::string& given) {
            std::string_view digits = given;
            double unit = 1;
            for (const auto& [name, size] : kByteUnits) {
              if (!digits.ends_with(name)) continue;
              unit = static_cast<double>(size);
              digits.remove_suffix(name.size());
              break;
            }
            double value = 0;
            constexpr double kMost = 0x1p62;
            if (!read_whole(digits, value) || value < 0 || value * unit > kMost) {
              reject("a size such as 500M, 2G or 2GiB", given);
            }
            target = static_cast<std::int64_t>(value * unit);
          }};
}

Value choice(std::string& target, std::vector<std::string> known) {
  return {target, [&target, known = std::move(known)](const std::string& given) {
            if (std::ranges::find(known, given) == known.end()) reject("one of " + join(known, ", "), given);
            target = given;
          }};
}

std::string activation_names() {
  std::string names;
  for (const Activation known : kActivations) names.append(names.empty() ? "" : ", ").append(to_string(known));
  return names;
}

Value activation(Activation& target) {
  return {std::string(to_string(target)), [&target](const std::string& given) { target = parse_activation(given); }};
}

std::int64_t parse_integer(const std::string& text, std::int64_t lowest, std::int64_t highest) {
  std::int64_t value = 0;
  if (read_whole(text, value) && value >= lowest && value <= highest) return value;
  std::string expected = "a whole number of at least " + std::to_string(lowest);
  if (highest != std::numeric_limits<std::int64_t>::max()) expected += " and at most " + std::to_string(highest);
  reject(expected, text);
}

std::uint64_t parse_unsigned(const std::string& text) {
  std::uint64_t value = 0;
  if (!read_whole(text, value)) reject("a whole number from 0 to 18446744073709551615", text);
  return value;
}

Value unsigned_integer(std::uint64_t& target) {
  return {std::to_string(target), [&target](const std::string& given) { target = parse_unsigned(given); }};
}

}  // namespace kintsugi::cli
