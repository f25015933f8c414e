#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5_reader.hpp"

/// Reads tables and arrays of which only a part may be known, or which may hold more than is asked for.
namespace kintsugi::h5 {

/// A table (one dimension of a compound type) of a Reader, which must outlive it, read column by column. Every member
/// throws InputError that names the table, the column and the rule.
class Columns {
 public:
  Columns(const Reader& reader, const Group& parent, const std::string& name);

  [[nodiscard]] std::size_t rows() const { return set_.dims[0]; }
  [[nodiscard]] bool has(const std::string& column) const;
  /// A column of numbers of any type.
  [[nodiscard]] std::vector<double> reals(const std::string& column) const;
  /// A column of integers of any size or booleans.
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& column) const;
  /// A column of integers, or of texts of one byte, as the bytes' values.
  [[nodiscard]] std::vector<std::int64_t> codes(const std::string& column) const;
  /// A column of texts.
  [[nodiscard]] std::vector<std::string> texts(const std::string& column) const;

 private:
  [[nodiscard]] const PlainValues* find(const std::string& column) const;
  /// Of one of `kinds`.
  [[nodiscard]] const PlainValues& column(const std::string& name, std::span<const Kind> kinds) const;

  Dataset set_;
};

/// All numbers of a data set with exactly these dimensions, as float64. Throws InputError that names the data set and
/// the rule.
[[nodiscard]] std::vector<double> read_reals(const Reader& reader, const Group& parent, const std::string& name,
                                             std::span<const std::size_t> dims);

/// The same for integers.
[[nodiscard]] std::vector<int> read_integers(const Reader& reader, const Group& parent, const std::string& name,
                                             std::span<const std::size_t> dims);

/// Throws InputError that begins with `place` where one is too large.
[[nodiscard]] std::vector<int> as_ints(std::span<const std::int64_t> values, const std::string& place);

}  // namespace kintsugi::h5
