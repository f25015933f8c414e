#include <array>
#include <charconv>
#include <concepts>
#include <string>
#include <vector>

#include "kintsugi/core/version.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi {

namespace {

std::string to_text(const std::string& value) { return value; }
std::string to_text(bool value) { return value ? "1" : "0"; }

template <class T>
requires std::integral<T> || std::floating_point<T> std::string to_text(T value) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

// Permutations may be long: a checkpoint has room for their digests.
std::string to_text(const std::vector<int>& pieces) {
  return pieces.empty() ? "" : "sha256:" + sha256_hex(format_permutation(pieces));
}

std::string deciding_options(const SolveOptions& options) {
  std::string lines;
  const auto add = [&](const std::string& name, const auto& value, Decides decides) {
    if (decides == Decides::yes) lines += name + '=' + to_text(value) + '\n';
  };
  visit_options(static_cast<const PreparationOptions&>(options), add);
  visit_options(static_cast<const SearchOptions&>(options), add);
  for (const ChangedParameter& each : changed_parameters(options.parameters)) {
    lines += each.name + '=' + each.value + '\n';
  }
  return lines;
}

}  // namespace

CheckpointKey checkpoint_key(const Network& network, RowSource& rows, const SolveOptions& options) {
  return {.version = full_version(),
          .layout = kStateLayout,
          .problem = problem_fingerprint(network, rows),
          .options = deciding_options(options),
          .parameters = fingerprint(options.parameters)};
}

}  // namespace kintsugi
