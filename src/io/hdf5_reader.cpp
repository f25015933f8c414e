#include "io/hdf5_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <type_traits>

#include "core/stop.hpp"
#include "io/file_sum.hpp"
#include "io/hdf5_checks.hpp"
#include "io/in_child.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::h5 {

namespace {

/// Checksums of files up to this size are looked at whenever one is opened, which takes some 10 ms at most.
constexpr std::uint64_t kSmall = std::uint64_t{16} << 20;

std::vector<char> read_and_pack(const std::string& path) {
  PlainGroup root = read_through_hdf5(path);
  return pack(root);
}

PlainGroup read_in_child_process(const std::string& path, std::uint64_t bytes) {
  constexpr std::size_t kLibrary = std::size_t{256} << 20;  // HDF5's own caches and buffers
  constexpr std::size_t kBytesPerSecond = std::size_t{10} << 20;
  constexpr unsigned kSeconds = 2;
  constexpr unsigned kWallSeconds = 300;  // for a slow file system
  const std::size_t most = most_inflated(bytes);
  const ChildLimits limits{.memory = kLibrary + 3 * most,
                           .seconds = kSeconds + static_cast<unsigned>(bytes / kBytesPerSecond),
                           .wall_seconds = kWallSeconds,
                           .result = 2 * most};
  return unpack(read_in_child(&read_and_pack, path, limits), path);
}

/// The one element of a list that has this name; null where there is none.
template <class Item>
const Item* find(const std::vector<Item>& items, const std::string& name) {
  const auto found = std::ranges::find(items, name, &Item::name);
  return found == items.end() ? nullptr : &*found;
}

std::string place_of(const Group& parent, const std::string& name, const Group& root, const std::string& file) {
  return (parent.content == root.content ? file + ", /" : parent.name + "/") + name;
}

template <class From, class Real>
void convert(const char* from, std::span<Real> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    From value{};
    std::memcpy(&value, from + i * sizeof(From), sizeof(From));
    to[i] = static_cast<Real>(value);
  }
}

template <class Real>
void convert(Kind kind, const char* from, std::span<Real> to) {
  switch (kind) {
    case Kind::real32: return convert<float>(from, to);
    case Kind::real64: return convert<double>(from, to);
    case Kind::integer: return convert<std::int64_t>(from, to);
    case Kind::natural: return convert<std::uint64_t>(from, to);
    case Kind::text:
    case Kind::other: break;
  }
  throw InternalError("no number is a text");
}

}  // namespace

bool Group::has(const std::string& link) const {
  return content != nullptr && (find(content->groups, link) != nullptr || find(content->datasets, link) != nullptr);
}

std::vector<std::string> Group::links() const {
  std::vector<std::string> names;
  if (content == nullptr) return names;
  for (const PlainGroup& each : content->groups) names.push_back(each.name);
  for (const PlainDataset& each : content->datasets) names.push_back(each.name);
  std::ranges::sort(names);
  return names;
}

std::size_t Dataset::count() const {
  std::size_t elements = 1;
  for (const std::size_t dim : dims) elements *= dim;
  return elements;
}

Reader::Reader(const std::filesystem::path& path)
    : name_(path.string()), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) fail(name_, "cannot be opened: no such file");
  if (!std::filesystem::is_regular_file(status)) fail(name_, "is not a regular file");
  struct stat facts {};
  if (file_.get() < 0 || ::fstat(file_.get(), &facts) != 0) fail(name_, "cannot be opened: " + system_message(errno));
  bytes_ = static_cast<std::uint64_t>(facts.st_size);
  if (bytes_ <= kSmall) require_right_sum(file_.get(), bytes_, name_);

  content_ = read_in_child_process(name_, bytes_);
  root_ = {&content_, name_};
  struct stat later {};
  if (::stat(path.c_str(), &later) != 0 || later.st_ino != facts.st_ino || later.st_size != facts.st_size) {
    fail(name_, "was changed while it was read; try again");
  }
}

void Reader::require_sum() const {
  if (bytes_ > kSmall) require_right_sum(file_.get(), bytes_, name_);
}

Group Reader::group(const Group& parent, const std::string& name) const {
  const std::string place = place_of(parent, name, root_, name_);
  if (!parent.has(name)) fail(place, "is missing");
  const PlainGroup* const found = find(parent.content->groups, name);
  if (found == nullptr) fail(place, "is not a group");
  if (!found->trouble.empty()) throw InputError(found->trouble);
  return {found, place};
}

Dataset Reader::dataset(const Group& parent, const std::string& name) const {
  const std::string place = place_of(parent, name, root_, name_);
  if (!parent.has(name)) fail(place, "is missing");
  const PlainDataset* const found = find(parent.content->datasets, name);
  if (found == nullptr) fail(place, "is not a data set");
  if (!found->trouble.empty()) throw InputError(found->trouble);
  return {found, place, {found->dims.begin(), found->dims.end()}};
}

Dataset Reader::numbers(const Group& parent, const std::string& name, int rank) const {
  Dataset set = dataset(parent, name);
  const Kind kind = set.content->is_table ? Kind::other : set.content->columns.front().kind;
  if (kind != Kind::real32 && kind != Kind::real64) fail(set.name, "is not float16, float32 or float64");
  if (set.dims.size() != static_cast<std::size_t>(rank)) {
    fail(set.name, "has " + std::to_string(set.dims.size()) + " dimensions instead of " + std::to_string(rank));
  }
  if (std::ranges::find(set.dims, 0U) != set.dims.end()) fail(set.name, "is empty");
  return set;
}

template <class Real>
void Reader::read_reals(const Dataset& set, std::size_t first, std::span<Real> values) const {
  if (first > set.count() || values.size() > set.count() - first) throw InternalError(set.name + ": no such elements");
  const PlainValues& stored = set.content->columns.front();
  if (!stored.in_file) return copy_reals(stored, first, values);
  const std::size_t size = size_of(stored.kind);
  const auto get = [&](void* to, std::size_t at, std::size_t count) {
    if (!read_at(file_.get(), to, count * size, stored.offset + (first + at) * size)) {
      fail(set.name,
           errno == 0 ? "lies outside the file (is the file truncated?)" : "cannot be read: " + system_message(errno));
    }
  };
  if (stored.kind == (std::is_same_v<Real, float> ? Kind::real32 : Kind::real64)) {
    constexpr std::size_t kAtOnce = std::size_t{1} << 20;
    for (std::size_t at = 0; at < values.size(); at += kAtOnce) {
      throw_if_stopped();
      get(values.data() + at, at, std::min(kAtOnce, values.size() - at));
    }
    return;
  }
  constexpr std::size_t kPart = std::size_t{8} << 10;
  std::array<char, kPart * sizeof(double)> part{};
  for (std::size_t at = 0; at < values.size(); at += kPart) {
    throw_if_stopped();
    const std::size_t count = std::min(kPart, values.size() - at);
    get(part.data(), at, count);
    convert(stored.kind, part.data(), values.subspan(at, count));
  }
}

void Reader::read(const Dataset& set, std::size_t first, std::span<float> values) const {
  read_reals(set, first, values);
}

void Reader::read(const Dataset& set, std::size_t first, std::span<double> values) const {
  read_reals(set, first, values);
}

std::vector<std::int64_t> Reader::integers(const Dataset& set) const {
  const PlainValues& stored = set.content->columns.front();
  if (set.content->is_table || (stored.kind != Kind::integer && stored.kind != Kind::natural)) {
    fail(set.name, "is not an array of integers");
  }
  return copy_integers(stored);
}

std::vector<std::string> Reader::texts(const Group& parent, const std::string& name) const {
  const Dataset set = dataset(parent, name);
  if (set.content->is_table || set.dims.size() != 1 || set.content->columns.front().kind != Kind::text) {
    fail(set.name, "is not a list of texts");
  }
  return set.content->columns.front().texts;
}

bool is_hdf5(const std::filesystem::path& path) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return false;
  std::array<char, kSignature.size()> start{};
  constexpr std::uint64_t kFurthest = 1U << 20U;
  for (std::uint64_t at = 0; at <= kFurthest; at = at == 0 ? 512 : 2 * at) {  // a block of the user's may come first
    if (!read_at(file.get(), start.data(), start.size(), at)) return false;
    if (std::string_view(start.data(), start.size()) == kSignature) return true;
  }
  return false;
}

void copy_reals(const PlainValues& values, std::size_t first, std::span<float> to) {
  convert(values.kind, values.bytes.data() + first * size_of(values.kind), to);
}

void copy_reals(const PlainValues& values, std::size_t first, std::span<double> to) {
  convert(values.kind, values.bytes.data() + first * size_of(values.kind), to);
}

std::vector<std::int64_t> copy_integers(const PlainValues& values) {
  std::vector<std::int64_t> numbers(values.count);
  std::memcpy(numbers.data(), values.bytes.data(), values.count * sizeof(std::int64_t));
  if (values.kind != Kind::natural) return numbers;
  for (std::int64_t& each : numbers) {
    if (each < 0) each = std::numeric_limits<std::int64_t>::max();
  }
  return numbers;
}

}  // namespace kintsugi::h5
