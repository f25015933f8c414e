#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

/// Writes the state of a search as 64-bit words, or reads it back: a class lists what its next steps depend on once, in
/// a member `void state(StateArchive& archive)`, which serves both ways. Reals keep their bits. Not collective.
class StateArchive {
 public:
  /// Writes.
  StateArchive() = default;
  /// Reads `words`, which must outlive the archive. Everything then throws InputError where they end too early or hold
  /// a number that makes no sense.
  explicit StateArchive(std::span<const std::int64_t> words) : left_(words), reading_(true) {}

  [[nodiscard]] bool reading() const noexcept { return reading_; }
  /// What was written so far.
  [[nodiscard]] const std::vector<std::int64_t>& words() const noexcept { return words_; }
  /// All has been read.
  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

  /// What orders may be, and how many tiles of rows a sample may have: while reading, others are out of range.
  void limit(std::function<bool(const std::vector<Block>&)> is_order, std::size_t tiles) {
    is_order_ = std::move(is_order);
    most_tiles_ = tiles;
  }

  template <class... T>
  void operator()(T&... values) {
    (pass(values), ...);
  }

  /// Of a sample.
  void tile_count(std::size_t& tiles) {
    pass(tiles);
    require(tiles <= most_tiles_);
  }

  /// Throws InputError while reading where `holds` is false: a state that no search has written.
  void require(bool holds) const {
    if (reading_ && !holds) throw InputError("the state of a search is out of range");
  }

 private:
  void pass(std::int64_t& value) {
    if (!reading_) {
      words_.push_back(value);
      return;
    }
    if (left_.empty()) throw InputError("the state of a search ends too early");
    value = left_.front();
    left_ = left_.subspan(1);
  }
  void pass(double& value) {
    auto word = std::bit_cast<std::int64_t>(value);
    pass(word);
    value = std::bit_cast<double>(word);
  }
  void pass(Random& random) {
    auto word = std::bit_cast<std::int64_t>(random.state());
    pass(word);
    if (reading_) random.set_state(std::bit_cast<std::uint64_t>(word));
  }
  /// bool, int, std::size_t and enums: as one word, which must fit.
  template <class T>
  requires((std::integral<T> && !std::same_as<T, std::int64_t>) || std::is_enum_v<T>) void pass(T& value) {
    auto word = static_cast<std::int64_t>(value);
    pass(word);
    if (!reading_) return;
    value = static_cast<T>(word);
    require(static_cast<std::int64_t>(value) == word && (!std::unsigned_integral<T> || word >= 0));
  }
  void pass(Block& block) { (*this)(block.expand, block.compress); }
  /// An order, or none.
  void pass(std::vector<Block>& blocks) {
    pass_all(blocks);
    require(blocks.empty() || !is_order_ || is_order_(blocks));
  }
  template <class T>
  void pass(std::vector<T>& values) {
    pass_all(values);
  }
  template <class T>
  void pass_all(std::vector<T>& values) {
    std::size_t count = values.size();
    pass(count);
    // Each value takes a word at least: a wrong count must not take memory.
    if (reading_ && count > left_.size()) throw InputError("the state of a search ends too early");
    values.resize(count);
    for (T& value : values) pass(value);
  }
  template <class T>
  void pass(std::optional<T>& value) {
    bool present = value.has_value();
    pass(present);
    if (reading_) value = present ? std::optional<T>(std::in_place) : std::nullopt;
    if (present) pass(*value);
  }
  void pass(std::map<int, std::int64_t>& entries) {
    std::vector<int> keys;
    std::vector<std::int64_t> values;
    for (const auto& [key, value] : entries) {
      keys.push_back(key);
      values.push_back(value);
    }
    (*this)(keys, values);
    require(keys.size() == values.size());
    entries.clear();
    for (std::size_t i = 0; i < keys.size(); ++i) entries[keys[i]] = values[i];
  }
  template <class T>
  requires requires(T& value, StateArchive& archive) { value.state(archive); }
  void pass(T& value) { value.state(*this); }

  std::vector<std::int64_t> words_;
  std::span<const std::int64_t> left_;
  bool reading_ = false;
  std::function<bool(const std::vector<Block>&)> is_order_;
  std::size_t most_tiles_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace kintsugi
