#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <span>
#include <string>
#include <vector>

#include "kintsugi/core/version.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi {

namespace {

// Of the rows the first: enough to tell problems apart without reading all.
constexpr std::size_t kRows = 1024;

std::string digest(std::span<const float> values) {
  return sha256_hex({reinterpret_cast<const char*>(values.data()), values.size_bytes()}) + '\n';
}

std::string digest(const Network& network, RowSource& rows) {
  const RowShape shape = rows.shape();
  std::string text =
      std::to_string(shape.rows) + ' ' + std::to_string(shape.width) + ' ' + std::to_string(shape.outputs) + '\n';
  for (const Piece& piece : network.pieces) text += digest(piece.weight) + digest(piece.bias);
  const std::size_t count = std::min(kRows, shape.rows);
  std::vector<float> inputs(count * shape.width);
  std::vector<float> predictions(count * shape.outputs);
  rows.read(0, count, inputs, predictions);
  return sha256_hex(text + digest(inputs) + digest(predictions));
}

std::string to_text(const std::string& value) { return value; }

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
          .problem = digest(network, rows),
          .activation = std::string(to_string(network.activation)),
          .options = deciding_options(options),
          .parameters = fingerprint(options.parameters)};
}

}  // namespace kintsugi
