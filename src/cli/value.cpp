#include "cli/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
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

/// "2" and a rest without it, from "2:30"; false where `text` does not begin with digits.
bool take_number(std::string_view& text, double& value) {
  if (text.empty() || std::string_view("0123456789.").find(text.front()) == std::string_view::npos) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

/// Slurm's forms with colons: "minutes:seconds", "hours:minutes:seconds", "days-hours:minutes:seconds" and, with days,
/// also "days-hours" and "days-hours:minutes".
std::optional<double> clock_time(std::string_view text) {
  constexpr double kDay = 86400;
  double days = 0;
  const std::size_t dash = text.find('-');
  const bool with_days = dash != std::string_view::npos;
  if (with_days && (!take_number(text, days) || !text.starts_with('-'))) return std::nullopt;
  if (with_days) text.remove_prefix(1);
  std::vector<double> parts;
  while (true) {
    double part = 0;
    if (!take_number(text, part) || (!parts.empty() && part >= 60)) return std::nullopt;
    parts.push_back(part);
    if (text.empty()) break;
    if (part != std::floor(part)) return std::nullopt;
    if (!text.starts_with(':') || parts.size() == 3) return std::nullopt;
    text.remove_prefix(1);
  }
  while (with_days && parts.size() < 3) parts.push_back(0);
  double seconds = 0;
  for (const double part : parts) seconds = 60 * seconds + part;
  return days * kDay + seconds;
}

/// "1h30m", "5min": numbers with units, each smaller than the one before.
std::optional<double> sum_of_units(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 16> kUnits{{{"s", 1},
                                                                        {"sec", 1},
                                                                        {"secs", 1},
                                                                        {"second", 1},
                                                                        {"seconds", 1},
                                                                        {"m", 60},
                                                                        {"min", 60},
                                                                        {"mins", 60},
                                                                        {"minute", 60},
                                                                        {"minutes", 60},
                                                                        {"h", 3600},
                                                                        {"hour", 3600},
                                                                        {"hours", 3600},
                                                                        {"d", 86400},
                                                                        {"day", 86400},
                                                                        {"days", 86400}}};
  double seconds = 0;
  double smallest = std::numeric_limits<double>::infinity();
  while (!text.empty()) {
    double value = 0;
    if (!take_number(text, value)) return std::nullopt;
    while (text.starts_with(' ')) text.remove_prefix(1);
    const std::size_t length = std::min(text.find_first_of("0123456789. "), text.size());
    const std::string_view name = text.substr(0, length);
    const auto* const unit = std::ranges::find(kUnits, name, &std::pair<std::string_view, double>::first);
    if (unit == kUnits.end() || unit->second >= smallest) return std::nullopt;
    smallest = unit->second;
    seconds += value * smallest;
    text.remove_prefix(length);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return seconds;
}

std::optional<double> parse_duration(std::string_view text) {
  double plain = 0;
  if (read_whole(text, plain)) return plain >= 0 ? std::optional(plain) : std::nullopt;
  if (text.empty()) return std::nullopt;
  std::optional<double> seconds = sum_of_units(text);
  if (!seconds) seconds = clock_time(text);
  return seconds && std::isfinite(*seconds) ? seconds : std::nullopt;
}

}  // namespace

Value text(std::string& target) {
  return {target, [&target](const std::string& given) { target = given; }};
}

namespace {

Value path(std::filesystem::path& target) {
  return {target.string(), [&target](const std::string& given) {
            if (given.empty()) reject("a path", given);
            target = given;
          }};
}

}  // namespace

Value input_path(std::filesystem::path& target) {
  Value value = path(target);
  value.use = FileUse::input;
  return value;
}

Value input_paths(std::vector<std::filesystem::path>& target) {
  return {"",
          [&target](const std::string& text) {
            target.clear();
            for (const std::string& part : parts_of(text, kBetweenPaths)) target.emplace_back(part);
          },
          FileUse::input};
}

Value output_path(std::filesystem::path& target, std::vector<std::string> beside) {
  Value value = path(target);
  value.use = FileUse::output;
  value.beside = std::move(beside);
  return value;
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
            const std::optional<double> seconds = parse_duration(given);
            if (!seconds) reject("a duration such as 90, 90s, 10m, 1h30m, 1d or 1:30:00", given);
            target = *seconds;
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
  Value value{target, [&target, known](const std::string& given) {
                if (std::ranges::find(known, given) == known.end()) reject("one of " + join(known, ", "), given);
                target = given;
              }};
  value.choices = std::move(known);
  return value;
}

namespace {

std::vector<std::string> known_activations() {
  std::vector<std::string> names;
  names.reserve(kActivations.size());
  for (const Activation known : kActivations) names.emplace_back(to_string(known));
  return names;
}

}  // namespace

std::string activation_names() { return join(known_activations(), ", ") + ", leaky_relu:SLOPE"; }

Value activation_or(std::string& target, const std::string& word) {
  Value value{target, [&target, word](const std::string& given) {
                if (given != word) static_cast<void>(parse_activation(given));
                target = given;
              }};
  value.choices = known_activations();
  value.choices.insert(value.choices.begin(), word);
  return value;
}

Value activation(Activation& target) {
  Value value{std::string(to_string(target)),
              [&target](const std::string& given) { target = parse_activation(given); }};
  value.choices = known_activations();
  return value;
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
