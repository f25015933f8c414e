#include "kintsugi/io/checkpoint_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <sstream>
#include <string_view>
#include <system_error>

#include "core/state_archive.hpp"
#include "io/checkpoint_glance.hpp"
#include "io/file_descriptor.hpp"
#include "io/file_format.hpp"
#include "io/file_sum.hpp"
#include "io/hdf5.hpp"
#include "io/hdf5_reader.hpp"
#include "io/problem_mark.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using Words = std::vector<std::int64_t>;

// Of one row of the trajectory, as StateArchive writes it.
constexpr std::size_t kTrajectoryWords = 9;

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
  StateArchive trajectory;
  for (TrajectoryEntry entry : state.trajectory) trajectory(entry);
  arrays.trajectory = trajectory.words();
  return arrays;
}

/// A checkpoint without its checksum is torn. This is asked first: a torn file is not to be taken for another one.
void require_whole(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) {
    throw InputError(path.string() + ": cannot be opened: " + system_message(errno));
  }
  if (!S_ISREG(facts.st_mode)) throw InputError(path.string() + ": is not a regular file");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (!has_sum(file.get(), size)) {
    throw InputError(path.string() +
                     ": is not a kintsugi checkpoint, or a torn one (its last line must be its checksum)");
  }
  require_right_sum(file.get(), size, path.string());
}

Words read_words(const h5::Reader& reader, const h5::Group& parent, const char* name, std::size_t rank) {
  const h5::Dataset set = reader.dataset(parent, name);
  if (set.dims.size() != rank) {
    throw InputError(set.name + ": is not an array of integers with " + std::to_string(rank) + " dimensions");
  }
  return reader.integers(set);
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
  try {
    for (StateArchive trajectory(arrays.trajectory); !trajectory.at_end();) trajectory(state.trajectory.emplace_back());
  } catch (const InputError& error) {
    throw InputError(name + ", /trajectory: " + error.what());
  }
  return state;
}

/// A checkpoint that is whole, but of something else.
struct MismatchedCheckpoint : InputError {
  using InputError::InputError;
};

/// An older or newer checkpoint is whole, and not to be passed over.
void require_checkpoint(const h5::Group& root) {
  try {
    require_format(root, kCheckpointFormat);
  } catch (const InputError& error) {
    throw MismatchedCheckpoint(error.what());
  }
}

void put_key(h5::Image& image, const CheckpointKey& key) {
  const hid_t root = image.root();
  image.attribute(root, "version", key.version);
  image.attribute(root, "state_layout", key.layout);
  put_problem_mark(image, key.problem);
  image.attribute(root, "options", key.options);
  image.attribute(root, "parameters", key.parameters);
}

CheckpointKey read_key(const h5::Group& root) {
  return {.version = h5::text_attribute(root, "version"),
          .layout = h5::integer_attribute(root, "state_layout"),
          .problem = read_problem_mark(root).value_or(ProblemFingerprint{}),
          .options = h5::text_attribute(root, "options"),
          .parameters = h5::text_attribute(root, "parameters")};
}

/// Lines `name=value` by name.
std::map<std::string, std::string> by_name(const std::string& lines) {
  std::map<std::string, std::string> values;
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) {
    const std::size_t equals = std::min(line.find('='), line.size());
    values[line.substr(0, equals)] = line.substr(std::min(equals + 1, line.size()));
  }
  return values;
}

/// "was made with a=1, b=2, but this run has a=3, b=default"; empty where both are the same. Parameters at their
/// default have no line.
std::string compare_options(const std::string& stored, const std::string& ours) {
  std::map<std::string, std::string> there = by_name(stored);
  std::map<std::string, std::string> here = by_name(ours);
  for (const auto& [name, value] : std::map(there)) here.try_emplace(name, "default");
  for (const auto& [name, value] : std::map(here)) there.try_emplace(name, "default");
  std::string made_with;
  std::string has;
  for (const auto& [name, value] : there) {
    if (here[name] == value) continue;
    const char* const comma = has.empty() ? "" : ", ";
    made_with.append(comma).append(name).append("=").append(value);
    has.append(comma).append(name).append("=").append(here[name]);
  }
  return has.empty() ? "" : "was made with " + made_with + ", but this run has " + has;
}

/// Throws MismatchedCheckpoint that says all in which `stored` is not `key`.
void require_same(const std::string& name, const CheckpointKey& stored, const CheckpointKey& key) {
  std::vector<std::string> found;
  if (stored.problem != key.problem) found.push_back(differences(stored.problem, key.problem));
  const std::string options = compare_options(stored.options, key.options);
  if (!options.empty()) found.push_back(options);
  if (stored.version != key.version)
    found.push_back("was made by kintsugi " + stored.version + ", but this is " + key.version);
  if (stored.layout != key.layout) {
    found.push_back("has a state of layout " + std::to_string(stored.layout) + ", but this program reads " +
                    std::to_string(key.layout));
  }
  if (found.empty() && stored.parameters != key.parameters) found.emplace_back("was made with other parameters");
  if (found.empty()) return;
  std::string message = name + ": " + found.front();
  for (std::size_t i = 1; i < found.size(); ++i) message += "; it " + found[i];
  throw MismatchedCheckpoint(message);
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
/// newest: two that can be resumed are worth more than one that is later. The newest gets its second name before it
/// loses its first, so that who looks at `path` meanwhile finds a file; file systems without hard links have a gap.
void put_in_place(const std::filesystem::path& next, const std::filesystem::path& path) {
  const std::filesystem::path previous = previous_checkpoint(path);
  std::error_code error;
  if (std::filesystem::exists(path, error)) {  // the first has none before it
    ::unlink(previous.c_str());
    if (::link(path.c_str(), previous.c_str()) != 0) std::filesystem::rename(path, previous, error);
  }
  if (error) {
    throw InternalError(path.string() + ": cannot be kept as " + previous.string() + ": " + error.message());
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
  put_key(image, key);
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
  const std::string content = image.finish_with_sum();
  std::filesystem::path next = path;
  next += ".next";
  write_beside(next, content, path.string());
  put_in_place(next, path);
}

SearchState read_checkpoint(const std::filesystem::path& path, const CheckpointKey& key) {
  require_whole(path);
  const h5::Reader reader(path);
  const h5::Group& root = reader.root();
  require_checkpoint(root);
  require_same(reader.name(), read_key(root), key);
  const double seconds = h5::real_attribute(root, "seconds");
  const h5::Group islands = reader.group(root, "islands");
  Arrays arrays;
  arrays.words = read_words(reader, islands, "words", 1);
  arrays.sizes = read_words(reader, islands, "sizes", 1);
  arrays.shared = read_words(reader, root, "shared", 1);
  arrays.trajectory = read_words(reader, root, "trajectory", 2);
  return assemble(arrays, seconds, reader.name());
}

std::optional<FoundCheckpoint> find_checkpoint(const std::filesystem::path& path, const CheckpointKey& key) {
  std::string why;
  for (const std::filesystem::path& each : {path, previous_checkpoint(path)}) {
    std::error_code ignored;
    if (!std::filesystem::exists(each, ignored)) continue;
    try {
      return FoundCheckpoint{read_checkpoint(each, key), each, why};
    } catch (const MismatchedCheckpoint&) {
      throw;
    } catch (const InputError& error) {
      if (why.empty()) why = error.what();
    }
  }
  if (!why.empty()) throw InputError(why);
  return std::nullopt;
}

CheckpointGlance glance_at_checkpoint(const std::filesystem::path& path) {
  const auto glance = [](const std::filesystem::path& file) {
    require_whole(file);
    const h5::Reader reader(file);
    require_checkpoint(reader.root());
    Arrays arrays;
    arrays.trajectory = read_words(reader, reader.root(), "trajectory", 2);
    const double seconds = h5::real_attribute(reader.root(), "seconds");
    return CheckpointGlance{assemble(arrays, seconds, reader.name()).trajectory, seconds};
  };
  // A run that writes one after the other may replace both while they are looked at.
  constexpr int kAttempts = 10;
  for (int attempt = 1;; ++attempt) {
    try {
      return glance(path);
    } catch (const MismatchedCheckpoint&) {
      throw;
    } catch (const InputError&) {
      std::error_code ignored;
      if (!std::filesystem::exists(previous_checkpoint(path), ignored)) throw;
    }
    try {
      return glance(previous_checkpoint(path));
    } catch (const InputError&) {
      if (attempt == kAttempts) throw;
    }
  }
}

}  // namespace kintsugi
