#include "io/table.hpp"

#include <array>
#include <fstream>
#include <set>
#include <string_view>
#include <system_error>

#include "io/file_bytes.hpp"
#include "io/import.hpp"
#include "io/table_arrays.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// HDF5 begins at byte 0, or behind a block of the user's of 512, 1024, ... bytes (MATLAB's have 512).
bool is_hdf5(const std::filesystem::path& path) {
  constexpr std::string_view kHdf5("\x89HDF\r\n\x1a\n", 8);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::ifstream file(path, std::ios::binary);
  for (const std::streamoff at : {0, 512, 1024, 2048}) {
    std::array<char, kHdf5.size()> start{};
    file.seekg(at);
    if (!file.read(start.data(), start.size())) return false;
    if (std::string_view(start.data(), start.size()) == kHdf5) return true;
  }
  return false;
}

}  // namespace

Table read_table(const std::filesystem::path& path, const TableOptions& options) {
  if (!is_hdf5(path)) {
    const FileBytes file(path);
    return read_table(file.bytes(), path == "-" ? "standard input" : path.string(), options);
  }
  Table table;
  table.rows = rows_of_arrays(read_hdf5_arrays(path), options, path.string(), table.notes);
  return table;
}

std::vector<std::pair<std::size_t, std::size_t>> possible_shapes(const NetworkF64& network) {
  std::set<std::pair<std::size_t, std::size_t>> tried;
  std::vector<std::pair<std::size_t, std::size_t>> shapes;
  for (const PieceF64& head : network.pieces) {
    if (!tried.emplace(head.in, head.out).second) continue;
    try {
      check_network(network, {1, head.in, head.out});
      shapes.emplace_back(head.in, head.out);
    } catch (const InputError&) {
      continue;  // another piece is the head
    }
  }
  return shapes;
}

}  // namespace kintsugi
