#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/file_descriptor.hpp"
#include "io/hdf5_plain.hpp"

/// Reading HDF5 files that may be damaged or crafted: HDF5 itself reads them in a child process with limits of memory
/// and time, which hands plain values over; numbers that stand in the file as they are, are read from there.
namespace kintsugi::h5 {

/// A group of a Reader, which must outlive it.
struct Group {
  const PlainGroup* content = nullptr;  ///< null: an empty group
  std::string name;                     ///< "FILE, /path": for messages

  [[nodiscard]] bool has(const std::string& link) const;
  /// Names of what is in it, in the order of their bytes.
  [[nodiscard]] std::vector<std::string> links() const;
};

/// A data set of a Reader, which must outlive it.
struct Dataset {
  const PlainDataset* content = nullptr;
  std::string name;  ///< "FILE, /path": for messages
  std::vector<std::size_t> dims;

  [[nodiscard]] std::size_t count() const;  ///< of elements
};

/// A file open for reading. Every member throws InputError that names the file, the object and the rule.
class Reader {
 public:
  /// Looks at the checksum of a file that has one, but for large files: see require_sum().
  explicit Reader(const std::filesystem::path& path);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Group& root() const { return root_; }
  /// Where the constructor has left it out, looks at the file's checksum, if it has one: one pass over the file.
  void require_sum() const;

  /// Refuses a group that links to anything outside itself.
  [[nodiscard]] Group group(const Group& parent, const std::string& name) const;
  /// Refuses what is stored outside the file, and dimensions that claim more than the file can hold.
  [[nodiscard]] Dataset dataset(const Group& parent, const std::string& name) const;
  /// The same, with floating-point elements of 2, 4 or 8 bytes and `rank` dimensions, none of them 0.
  [[nodiscard]] Dataset numbers(const Group& parent, const std::string& name, int rank) const;

  /// Reads elements of an array of numbers from number `first` on, in the order of the file.
  void read(const Dataset& set, std::size_t first, std::span<float> values) const;
  void read(const Dataset& set, std::size_t first, std::span<double> values) const;
  /// All elements of an array of integers.
  [[nodiscard]] std::vector<std::int64_t> integers(const Dataset& set) const;
  /// A list of texts.
  [[nodiscard]] std::vector<std::string> texts(const Group& parent, const std::string& name) const;

 private:
  template <class Real>
  void read_reals(const Dataset& set, std::size_t first, std::span<Real> values) const;

  std::string name_;
  FileDescriptor file_{-1};
  std::uint64_t bytes_ = 0;
  PlainGroup content_;
  Group root_;
};

/// Whether the file begins as an HDF5 file does.
[[nodiscard]] bool is_hdf5(const std::filesystem::path& path);

/// Elements of `values` from number `first` on, which may be real or whole numbers and are not in the file.
void copy_reals(const PlainValues& values, std::size_t first, std::span<float> to);
void copy_reals(const PlainValues& values, std::size_t first, std::span<double> to);
/// Whole numbers; those above the largest int64 become that.
[[nodiscard]] std::vector<std::int64_t> copy_integers(const PlainValues& values);

[[nodiscard]] bool has_attribute(const Group& object, const std::string& name);
/// Names of the attributes whose value is one text, in the order of their bytes.
[[nodiscard]] std::vector<std::string> text_attributes(const Group& object);
/// The value of an attribute. Throw InputError where it is missing or of another kind.
[[nodiscard]] std::string text_attribute(const Group& object, const std::string& name);
[[nodiscard]] std::int64_t integer_attribute(const Group& object, const std::string& name);
[[nodiscard]] std::uint64_t unsigned_attribute(const Group& object, const std::string& name);
[[nodiscard]] double real_attribute(const Group& object, const std::string& name);

}  // namespace kintsugi::h5
