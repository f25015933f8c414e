#include "cli/output_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

void check_writable(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  if (!path.has_filename() || std::filesystem::is_directory(path, ignored)) {
    throw UsageError("output file '" + path.string() + "': is a folder, a file is needed");
  }
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw UsageError("output file '" + path.string() + "': there is no folder '" + folder.string() + "'");
  }
  std::string trial = (folder / (path.filename().string() + ".XXXXXX")).string();
  const int file = mkstemp(trial.data());
  if (file < 0) {
    throw UsageError("output file '" + path.string() + "': the folder '" + folder.string() +
                     "' does not take new files: " + std::generic_category().message(errno));
  }
  close(file);
  unlink(trial.c_str());
}

}  // namespace kintsugi::cli
