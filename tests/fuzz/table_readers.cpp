// Tables, answers, config files, tables of runs and archives.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/config_file.hpp"
#include "fuzz/readers.hpp"
#include "io/piece_list.hpp"
#include "io/table.hpp"
#include "io/unpack.hpp"
#include "kintsugi/core/error.hpp"
#include "report/run_tables.hpp"

namespace kintsugi::fuzzing {

namespace {

const std::string kName = "fuzz";

/// A refusal is in the file's name, or it is no use to anybody.
bool refused(const Error& error) {
  if (std::string(error.what()).find(kName) == std::string::npos) std::abort();
  return false;
}

}  // namespace

bool read_table_file(std::span<const char> bytes) {
  TableOptions options;
  options.shapes = {{1, 1}, {2, 1}};
  try {
    const RowsF64 rows = read_table(bytes, kName, options).rows;
    if (rows.inputs.size() != rows.shape.rows * rows.shape.width) std::abort();
    if (rows.predictions.size() != rows.shape.rows * rows.shape.outputs) std::abort();
    if (!rows.targets.empty() && rows.targets.size() != rows.predictions.size()) std::abort();
    return true;
  } catch (const InputError& error) {
    return refused(error);
  }
}

bool read_answer_file(std::span<const char> bytes) {
  try {
    return !parse_piece_list(bytes, kAnswerKeys, kName).empty();
  } catch (const InputError& error) {
    return refused(error);
  }
}

bool read_config(std::span<const char> bytes) {
  try {
    for (const cli::ConfigLine& line : cli::parse_config_lines({bytes.data(), bytes.size()}, kName)) {
      if (line.name.empty()) std::abort();
    }
    return true;
  } catch (const UsageError& error) {
    return refused(error);
  }
}

bool read_runs_table(std::span<const char> bytes) {
  try {
    for (const report::Run& run : report::parse_run_table({bytes.data(), bytes.size()}, kName)) {
      if (run.ranks < 0 || run.evaluations.value_or(0) < 0 || run.search_seconds < 0) std::abort();
    }
    return true;
  } catch (const InputError& error) {
    return refused(error);
  }
}

bool unpack_archive(std::span<const char> bytes) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("kintsugi-fuzz-" + std::to_string(::getpid()));
  const fs::path archive = folder / "fuzz.tar";
  fs::create_directories(folder / "inner");
  std::ofstream(archive, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bool read = true;
  try {
    unpack(archive, folder / "inner");
  } catch (const InputError& error) {
    read = refused(error);
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path() != archive && entry.path() != folder / "inner") std::abort();
  }
  fs::remove_all(folder);
  return read;
}

}  // namespace kintsugi::fuzzing
