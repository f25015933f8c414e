#include "kintsugi/io/checkpoint_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>

#include "io/file_descriptor.hpp"
#include "io/file_format.hpp"
#include "io/hdf5.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using Words = std::vector<std::int64_t>;

// A state as the arrays that are stored.
struct Arrays {
  Words words;
  Words sizes;
  Words shared;
  Words trajectory;
};

Arrays flatten(const SearchState& state) {
  Arrays arrays;
  for (const Words& island : state.islands) {
    arrays.sizes.push_back(static_cast<std::int64_t>(island.size()));
    arrays.words.insert(arrays.words.end(), island.begin(), island.end());
  }
  arrays.shared = state.shared;
  for (const TrajectoryEntry& row : state.trajectory) append_words(row, arrays.trajectory);
  return arrays;
}

// The file ends with a line of its own behind what HDF5 knows of: a checksum of all before it. It is looked at first,
// since HDF5 does not survive everything that a damaged file can say.
constexpr std::string_view kSumKey = "\nsha256 ";
constexpr std::size_t kSumLine = kSumKey.size() + 64 + 1;

std::string sum_line(const std::string& content) { return std::string(kSumKey) + sha256_hex(content) + '\n'; }

void require_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) throw InputError(path.string() + ": cannot be read");
  const std::size_t size = content.size() < kSumLine ? 0 : content.size() - kSumLine;
  const std::string line = content.substr(size);
  if (size == 0 || !line.starts_with(kSumKey) || line.back() != '\n') {
    throw InputError(path.string() +
                     ": is not a kintsugi checkpoint, or a torn one (its last line must be its checksum)");
  }
  content.resize(size);
  if (sum_line(content) != line) {
    throw InputError(path.string() + ": is damaged (its content does not have the checksum that it names)");
  }
}

Words read_words(const h5::Reader& reader, const h5::Group& parent, const char* name, std::size_t rank) {
  const h5::Dataset set = reader.dataset(parent, name);
  const h5::Handle type(H5Dget_type(set.id.id()));
  if (H5Tget_class(type.id()) != H5T_INTEGER || set.dims.size() != rank) {
    throw InputError(set.name + ": is not an array of integers with " + std::to_string(rank) + " dimensions");
  }
  std::size_t count = 1;
  for (const hsize_t dim : set.dims) count *= dim;
  Words words(count);
  if (count > 0) reader.read(set, H5T_NATIVE_INT64, words.data());
  return words;
}

SearchState assemble(const Arrays& arrays, double seconds, const std::string& name) {
  SearchState state;
  state.seconds = seconds;
  state.shared = arrays.shared;
  auto at = arrays.words.begin();
  for (const std::int64_t size : arrays.sizes) {
    if (size < 0 || size > arrays.words.end() - at) throw InputError(name + ": the islands' sizes do not add up");
    state.islands.emplace_back(at, at + size);
    at += size;
  }
  if (arrays.trajectory.size() % kTrajectoryWords != 0) throw InputError(name + ": the trajectory has ragged rows");
  for (std::size_t i = 0; i < arrays.trajectory.size(); i += kTrajectoryWords) {
    state.trajectory.push_back(trajectory_entry(&arrays.trajectory[i]));
  }
  return state;
}

/// A checkpoint that is whole, but of something else.
struct Foreign : InputError {
  using InputError::InputError;
};

void require_same(const std::string& name, const CheckpointKey& stored, const CheckpointKey& key) {
  if (stored.problem != key.problem) throw Foreign(name + ": is a checkpoint of another problem");
  std::istringstream ours(key.options);
  std::istringstream theirs(stored.options);
  std::string here;
  std::string there;
  while (true) {
    const bool more_here = static_cast<bool>(std::getline(ours, here));
    const bool more_there = static_cast<bool>(std::getline(theirs, there));
    if (!more_here && !more_there) return;
    if (!more_here) here = "nothing";
    if (!more_there) there = "nothing";
    if (here != there) throw Foreign(name + ": was made with " + there + ", but this run has " + here);
  }
}

/// Writes and syncs a file of a fixed name: what a run leaves that is killed here, the next one writes over. Nothing is
/// left where the disk does not take it; `name` is for the message.
void write_beside(const std::filesystem::path& path, std::string_view content, const std::string& name) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) throw UsageError(name + ": cannot be written: " + system_message(errno));
  if (write_all(file.get(), content) && ::fsync(file.get()) == 0 && file.close()) return;
  const std::string why = system_message(errno);
  ::unlink(path.c_str());
  throw InternalError(name + ": cannot be written: " + why);
}

/// Makes `next` the newest checkpoint and the newest the previous one. Where the newest cannot be kept, it stays the
/// newest: two that can be resumed are worth more than one that is later.
void put_in_place(const std::filesystem::path& next, const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::rename(path, previous_checkpoint(path), error);
  if (error && error != std::errc::no_such_file_or_directory) {  // the first has none before it
    throw InternalError(path.string() + ": cannot be kept as " + previous_checkpoint(path).string() + ": " +
                        error.message());
  }
  std::filesystem::rename(next, path, error);
  if (error) throw InternalError(path.string() + ": cannot be put in place: " + error.message());
  sync_folder(path.parent_path());
}

}  // namespace

std::filesystem::path previous_checkpoint(const std::filesystem::path& path) {
  std::filesystem::path previous = path;
  previous += ".previous";
  return previous;
}

void write_checkpoint(const std::filesystem::path& path, const SearchState& state, const CheckpointKey& key) {
  const h5::SilentErrors silent;
  const Arrays arrays = flatten(state);
  constexpr std::size_t kExpected = std::size_t{16} << 10;
  h5::Image image(kExpected + sizeof(std::int64_t) * (arrays.words.size() + arrays.trajectory.size()));
  put_format(image, kCheckpointFormat);
  image.attribute(image.root(), "problem", key.problem);
  image.attribute(image.root(), "options", key.options);
  image.attribute(image.root(), "seconds", state.seconds);
  const auto put = [&](hid_t parent, const char* name, const Words& words) {
    image.dataset(parent, name, std::array<hsize_t, 1>{words.size()}, H5T_STD_I64LE, H5T_NATIVE_INT64, words.data());
  };
  {
    const h5::Handle islands = image.group(image.root(), "islands");
    put(islands.id(), "words", arrays.words);
    put(islands.id(), "sizes", arrays.sizes);
  }
  put(image.root(), "shared", arrays.shared);
  image.dataset(image.root(), "trajectory", std::array<hsize_t, 2>{state.trajectory.size(), kTrajectoryWords},
                H5T_STD_I64LE, H5T_NATIVE_INT64, arrays.trajectory.data());
  const std::vector<char> bytes = image.finish();
  std::string content(bytes.begin(), bytes.end());
  content += sum_line(content);

  std::filesystem::path next = path;
  next += ".next";
  write_beside(next, content, path.string());
  put_in_place(next, path);
}

SearchState read_checkpoint(const std::filesystem::path& path, const CheckpointKey& key) {
  require_whole(path);
  const h5::SilentErrors silent;
  const h5::Reader reader(path);
  const h5::Group& root = reader.root();
  require_format(root, kCheckpointFormat);
  const CheckpointKey stored{h5::text_attribute(root, "problem"), h5::text_attribute(root, "options")};
  const double seconds = h5::real_attribute(root, "seconds");
  const h5::Group islands = reader.group(root, "islands");
  Arrays arrays;
  arrays.words = read_words(reader, islands, "words", 1);
  arrays.sizes = read_words(reader, islands, "sizes", 1);
  arrays.shared = read_words(reader, root, "shared", 1);
  arrays.trajectory = read_words(reader, root, "trajectory", 2);
  require_same(reader.name(), stored, key);
  return assemble(arrays, seconds, reader.name());
}

std::optional<FoundCheckpoint> find_checkpoint(const std::filesystem::path& path, const CheckpointKey& key) {
  std::string why;
  for (const std::filesystem::path& each : {path, previous_checkpoint(path)}) {
    std::error_code ignored;
    if (!std::filesystem::exists(each, ignored)) continue;
    try {
      return FoundCheckpoint{read_checkpoint(each, key), each, why};
    } catch (const Foreign&) {
      throw;
    } catch (const InputError& error) {
      if (why.empty()) why = error.what();
    }
  }
  if (!why.empty()) throw InputError(why);
  return std::nullopt;
}

}  // namespace kintsugi
