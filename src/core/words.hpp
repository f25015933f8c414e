#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

/// Writes the state of a search as 64-bit words, in the order in which StateReader takes them. Reals keep their bits.
class StateWriter {
 public:
  void put(std::int64_t value) { words_.push_back(value); }
  void put(double value) { words_.push_back(std::bit_cast<std::int64_t>(value)); }
  void put(const Random& random) { words_.push_back(std::bit_cast<std::int64_t>(random.state())); }
  void put(std::span<const int> values) {
    put(static_cast<std::int64_t>(values.size()));
    words_.insert(words_.end(), values.begin(), values.end());
  }
  void put(std::span<const double> values) {
    put(static_cast<std::int64_t>(values.size()));
    for (const double value : values) put(value);
  }
  void put(const std::vector<Block>& blocks) {
    put(static_cast<std::int64_t>(blocks.size()));
    for (const Block& block : blocks) words_.insert(words_.end(), {block.expand, block.compress});
  }
  void put(const std::map<int, std::int64_t>& entries) {
    put(static_cast<std::int64_t>(entries.size()));
    for (const auto& [key, value] : entries) words_.insert(words_.end(), {key, value});
  }

  [[nodiscard]] const std::vector<std::int64_t>& words() const noexcept { return words_; }

 private:
  std::vector<std::int64_t> words_;
};

/// Takes back what StateWriter wrote. Throws InputError where the words end too early or make no sense.
class StateReader {
 public:
  explicit StateReader(std::span<const std::int64_t> words) : words_(words) {}

  void get(std::int64_t& value) { value = next(); }
  void get(double& value) { value = std::bit_cast<double>(next()); }
  void get(Random& random) { random.set_state(std::bit_cast<std::uint64_t>(next())); }
  void get(std::vector<int>& values) {
    values.resize(count(1));
    for (int& value : values) value = small();
  }
  void get(std::vector<double>& values) {
    values.resize(count(1));
    for (double& value : values) get(value);
  }
  void get(std::vector<Block>& blocks) {
    blocks.resize(count(2));
    for (Block& block : blocks) block = {small(), small()};
  }
  void get(std::map<int, std::int64_t>& entries) {
    entries.clear();
    for (std::size_t left = count(2); left > 0; --left) {
      const int key = small();
      entries[key] = next();
    }
  }
  template <class T>
  [[nodiscard]] T get() {
    T value{};
    get(value);
    return value;
  }

  [[nodiscard]] bool at_end() const noexcept { return words_.empty(); }

 private:
  std::int64_t next() {
    if (words_.empty()) throw InputError("the state of a search ends too early");
    const std::int64_t word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }
  int small() {
    const std::int64_t word = next();
    if (word < std::numeric_limits<int>::min() || word > std::numeric_limits<int>::max())
      throw InputError("the state of a search holds a number that is too large");
    return static_cast<int>(word);
  }
  std::size_t count(std::size_t words_each) {
    const std::int64_t items = next();
    if (items < 0 || static_cast<std::uint64_t>(items) > words_.size() / words_each)
      throw InputError("the state of a search ends too early");
    return static_cast<std::size_t>(items);
  }

  std::span<const std::int64_t> words_;
};

}  // namespace kintsugi
