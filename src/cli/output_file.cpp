#include "cli/output_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace fs = std::filesystem;

namespace {

/// What a path stands for: a file, or a name in a folder where there is no file yet.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  std::string name;  // empty: the file itself
  // NOLINTNEXTLINE(modernize-use-nullptr): mistakes the comparison
  friend auto operator<=>(const Identity&, const Identity&) = default;
};

std::optional<Identity> existing(const fs::path& path) {
  struct stat facts {};
  const int result = path == "-" ? ::fstat(STDIN_FILENO, &facts) : ::stat(path.c_str(), &facts);
  if (result != 0) return std::nullopt;
  return Identity{facts.st_dev, facts.st_ino, {}};
}

std::optional<Identity> identity_of(const fs::path& path) {
  if (std::optional<Identity> found = existing(path)) return found;
  const fs::path target = follow_links(path);
  std::optional<Identity> folder = existing(target.has_parent_path() ? target.parent_path() : ".");
  if (folder) folder->name = target.filename().string();
  return folder;
}

/// Files of a kind that is read from folders.
bool may_be_read(const fs::path& file) {
  constexpr std::array<std::string_view, 15> kEndings{".pth", ".pt",  ".bin", ".safetensors", ".npz",
                                                      ".npy", ".csv", ".tsv", ".txt",         ".json",
                                                      ".gz",  ".zst", ".zip", ".tar",         ".onnx"};
  return std::ranges::find(kEndings, file.extension().string()) != kEndings.end();
}

/// The files that an input stands for: itself, and what may be read from it where it is a folder.
void add_files(const fs::path& input, std::map<Identity, fs::path>& files) {
  if (const std::optional<Identity> found = existing(input)) files.emplace(*found, input);
  std::error_code error;
  constexpr int kDeepest = 1;
  constexpr std::size_t kMost = 100'000;
  if (input == "-" || !fs::is_directory(input, error)) return;
  for (fs::recursive_directory_iterator entry(input, error); !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    if (entry.depth() >= kDeepest) entry.disable_recursion_pending();
    if (files.size() > kMost || !may_be_read(entry->path())) continue;
    if (const std::optional<Identity> found = existing(entry->path())) files.emplace(*found, entry->path());
  }
}

std::string start_of(const fs::path& path) { return "output file '" + path.string() + "': "; }

}  // namespace

void check_writable(const fs::path& path, bool with_room) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  if (!path.has_filename() || fs::is_directory(path, ignored)) {
    throw UsageError(start_of(path) + "is a folder, a file is needed");
  }
  if (!fs::is_directory(folder, ignored)) {
    throw UsageError(start_of(path) + "there is no folder '" + folder.string() + "'");
  }
  try {
    remove_leftovers(path);
    const AtomicFile trial(path);
    constexpr std::size_t kSome = 4096;
    if (with_room && !write_all(trial.fd(), std::string(kSome, '\0'))) {
      throw UsageError("nothing can be written there: " + system_message(errno));
    }
  } catch (const UsageError& error) {
    throw UsageError(start_of(path) + "the folder '" + folder.string() + "' does not take new files: " + error.what());
  }
}

void check_outputs(std::span<const fs::path> outputs, std::span<const fs::path> inputs) {
  std::map<Identity, fs::path> files;
  std::map<Identity, fs::path> seen;
  if (!outputs.empty()) {
    for (const fs::path& input : inputs) add_files(input, files);
  }
  for (const fs::path& output : outputs) {
    const std::optional<Identity> identity = identity_of(output);
    if (!identity) continue;
    if (const auto found = files.find(*identity); found != files.end()) {
      throw UsageError(start_of(output) + "is the input '" + found->second.string() +
                       "', which would be lost; give another name");
    }
    const auto [other, is_new] = seen.emplace(*identity, output);
    if (!is_new) {
      throw UsageError(start_of(output) + "is the same file as the output '" + other->second.string() +
                       "'; give another name");
    }
  }
}

}  // namespace kintsugi::cli
