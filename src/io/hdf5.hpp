#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// The part of the HDF5 C API that kintsugi's files need, in owned handles and exceptions. Serial access only: works
/// before MPI_Init and without it.
namespace kintsugi::h5 {

/// Owns one HDF5 identifier of any kind.
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) H5Idec_ref(id_);
  }

  [[nodiscard]] hid_t id() const { return id_; }

 private:
  hid_t id_ = -1;
};

/// Keeps HDF5 from printing its error stack while it lives; errors are thrown instead. Every public entry to a file
/// holds one.
class SilentErrors {
 public:
  SilentErrors();
  ~SilentErrors();
  SilentErrors(const SilentErrors&) = delete;
  SilentErrors& operator=(const SilentErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// The innermost message on HDF5's error stack, after a call that failed.
[[nodiscard]] std::string last_error();

/// Text of any length, UTF-8: what h5py reads as str.
[[nodiscard]] Handle text_type();
/// h5py's bool: an enumeration of FALSE and TRUE over int8.
[[nodiscard]] Handle bool_type();
/// An enumeration of the events in words; the values are their letters.
[[nodiscard]] Handle event_type();

/// An HDF5 file that is built in memory, so that no failing disk can catch HDF5 half-way. No time stamps: equal content
/// gives equal bytes. Every member throws InternalError where HDF5 fails.
class Image {
 public:
  /// `size_hint`: expected bytes of the file.
  explicit Image(std::size_t size_hint);

  [[nodiscard]] hid_t root() const { return file_.id(); }
  [[nodiscard]] Handle group(hid_t parent, const std::string& name);
  /// `values` holds the elements of all `dims` in `memory_type`; they are stored as `file_type`.
  void dataset(hid_t parent, const std::string& name, std::span<const hsize_t> dims, hid_t file_type, hid_t memory_type,
               const void* values);
  void attribute(hid_t object, const std::string& name, const std::string& value);
  void attribute(hid_t object, const std::string& name, std::int64_t value);
  void attribute(hid_t object, const std::string& name, std::uint64_t value);
  void attribute(hid_t object, const std::string& name, double value);

  /// The bytes of the finished file. Nothing can be added after it.
  [[nodiscard]] std::vector<char> finish();

 private:
  void attribute(hid_t object, const std::string& name, hid_t type, const void* value);

  Handle file_;
  Handle group_options_;
  Handle dataset_options_;
  Handle text_type_;
  Handle scalar_;
};

/// A group open for reading.
struct Group {
  Handle id;
  std::string name;                ///< "FILE, /path": for messages
  std::vector<std::string> links;  ///< names of what is in it, in the order of their bytes

  [[nodiscard]] bool has(const std::string& link) const;
};

/// A data set open for reading, checked against the bytes that the file really has.
struct Dataset {
  Handle id;
  std::string name;  ///< "FILE, /path": for messages
  std::vector<hsize_t> dims;
};

/// A file open for reading. Every member throws InputError that names the file, the object and the rule.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Group& root() const { return root_; }

  /// Refuses a group that links to anything outside itself.
  [[nodiscard]] Group group(const Group& parent, const std::string& name) const;
  /// Refuses what is stored outside the file, and dimensions that claim more than the file can hold: what is read is
  /// bounded by the file's size.
  [[nodiscard]] Dataset dataset(const Group& parent, const std::string& name) const;
  /// The same, with floating-point elements of 2, 4 or 8 bytes and `rank` dimensions, none of them 0.
  [[nodiscard]] Dataset numbers(const Group& parent, const std::string& name, int rank) const;

  /// Reads the elements that `file_space` selects (H5S_ALL: all) into `values`, laid out as `memory_type` and
  /// `memory_space`.
  void read(const Dataset& dataset, hid_t memory_type, void* values, hid_t memory_space = H5S_ALL,
            hid_t file_space = H5S_ALL) const;
  /// A data set of texts.
  [[nodiscard]] std::vector<std::string> texts(const Group& parent, const std::string& name) const;

 private:
  std::string name_;
  std::uint64_t bytes_ = 0;
  Handle file_;
  Handle transfer_;
  Group root_;
};

[[nodiscard]] bool has_attribute(const Group& object, const std::string& name);
/// Names of the attributes whose value is one text, in the order of their bytes.
[[nodiscard]] std::vector<std::string> text_attributes(const Group& object);
/// The value of an attribute. Throw InputError where it is missing or of another kind.
[[nodiscard]] std::string text_attribute(const Group& object, const std::string& name);
[[nodiscard]] std::int64_t integer_attribute(const Group& object, const std::string& name);
[[nodiscard]] std::uint64_t unsigned_attribute(const Group& object, const std::string& name);
[[nodiscard]] double real_attribute(const Group& object, const std::string& name);

}  // namespace kintsugi::h5
