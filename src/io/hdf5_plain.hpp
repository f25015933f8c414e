#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

/// What an HDF5 file holds, as plain values that can go from one process to another.
namespace kintsugi::h5 {

/// What elements are given as: float32 and float64; int64, or uint64 where int64 might not do; texts. Others are not
/// read.
enum class Kind : char { real32 = 'f', real64 = 'd', integer = 'i', natural = 'u', text = 't', other = 'o' };

/// Bytes of one element; 0 for texts and others.
[[nodiscard]] std::size_t size_of(Kind kind);

/// Elements of one kind: an attribute, an array, or a column of a table.
struct PlainValues {
  std::string name;  ///< of the attribute or column
  Kind kind = Kind::other;
  std::uint64_t count = 0;
  bool in_file = false;      ///< they stand in the file as they are, from `offset` bytes on, and not in `bytes`
  std::uint64_t offset = 0;  ///< from the beginning of the file
  std::string bytes;         ///< numbers, one after another
  std::vector<std::string> texts;
};

struct PlainDataset {
  std::string name;
  std::string trouble;  ///< why it cannot be read, with file and place; empty where it can
  bool is_table = false;
  std::vector<std::uint64_t> dims;
  std::vector<PlainValues> columns;  ///< of a table; else one, without a name
};

struct PlainGroup {
  std::string name;
  std::string trouble;
  std::vector<PlainGroup> groups;  ///< these three by name
  std::vector<PlainDataset> datasets;
  std::vector<PlainValues> attributes;
};

/// All that `path` holds, through HDF5. Numbers that stand in the file as they are, are not read. What else is read is
/// bounded as an archive's content is (most_inflated). Throws InputError that names the file, the object and the rule
/// where the file as a whole cannot be read. Only for a child process.
[[nodiscard]] PlainGroup read_through_hdf5(const std::filesystem::path& path);

/// A group and all below it as bytes, and back. unpack() throws InputError where the bytes are not of that form.
[[nodiscard]] std::vector<char> pack(PlainGroup& group);
[[nodiscard]] PlainGroup unpack(std::span<const char> bytes, const std::string& origin);

}  // namespace kintsugi::h5
