#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "kintsugi/core/activation.hpp"

namespace kintsugi::cli {

/// What a command does with the file that an option names.
enum class FileUse { none, input, output };

/// What an option does with its text. Every maker below takes the default from its target.
struct Value {
  std::string default_text;  ///< empty: none
  /// Puts the text into the target. Throws UsageError that says what was expected and what was given.
  std::function<void(const std::string& text)> store;
  FileUse use = FileUse::none;
  /// Endings of further files that are written beside an output.
  std::vector<std::string> beside = {};
  /// Files that a text means to be written, where it is more than a path; null: none.
  std::function<std::vector<std::filesystem::path>(const std::string& text)> outputs = {};
  /// Words that it may be, for completion; more may be allowed.
  std::vector<std::string> choices = {};
};

[[nodiscard]] Value text(std::string& target);
/// A file or folder that is read.
[[nodiscard]] Value input_path(std::filesystem::path& target);
/// What stands between several paths, which may hold any other character.
inline constexpr char kBetweenPaths = '\0';
/// Several of them, with kBetweenPaths between them.
[[nodiscard]] Value input_paths(std::vector<std::filesystem::path>& target);
/// A file that is written, and maybe others beside it whose names have these endings more.
[[nodiscard]] Value output_path(std::filesystem::path& target, std::vector<std::string> beside = {});
/// true, yes, on, 1 or false, no, off, 0.
[[nodiscard]] Value toggle(bool& target);
/// A finite number >= `lowest`.
[[nodiscard]] Value number(double& target, double lowest);
/// Seconds >= 0: "90", "90s", "1.5m", "2h", "1h30m", "5min", "1d", and as Slurm has them "5:00", "1:30:00",
/// "1-02:00:00"; with a colon, minutes and seconds or hours, minutes and seconds.
[[nodiscard]] Value duration(double& target);
/// Bytes >= 0: "500M", "2G" (1000 by 1000), "2GiB" (1024 by 1024).
[[nodiscard]] Value bytes(std::int64_t& target);
/// An activation by its name.
[[nodiscard]] Value activation(Activation& target);
/// "relu, gelu, ...", for the help.
[[nodiscard]] std::string activation_names();
/// An activation's name, or `word`; the text as it is given.
[[nodiscard]] Value activation_or(std::string& target, const std::string& word);
/// One of `known`.
[[nodiscard]] Value choice(std::string& target, std::vector<std::string> known);

/// A whole number in [lowest, highest].
[[nodiscard]] std::int64_t parse_integer(const std::string& text, std::int64_t lowest, std::int64_t highest);
[[nodiscard]] std::uint64_t parse_unsigned(const std::string& text);

/// Beyond these nothing can be meant: islands; ranks; blocks, widths and the like; rows.
inline constexpr int kMostGroups = 4096;
inline constexpr int kMostRanks = 1 << 24;
inline constexpr int kMostSize = 1 << 20;
inline constexpr std::int64_t kMostRows = std::int64_t{1} << 40;

template <std::signed_integral T>
[[nodiscard]] Value integer(T& target, T lowest, T highest = std::numeric_limits<T>::max()) {
  return {std::to_string(target), [&target, lowest, highest](const std::string& text) {
            target = static_cast<T>(parse_integer(text, lowest, highest));
          }};
}

/// Any number of 64 bits without a sign.
[[nodiscard]] Value unsigned_integer(std::uint64_t& target);

}  // namespace kintsugi::cli
