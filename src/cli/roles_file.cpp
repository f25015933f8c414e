#include "cli/roles_file.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include "io/piece_list.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

std::vector<int> read_roles_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || std::filesystem::is_directory(path)) throw InputError(path.string() + ": cannot be read");
  return parse_piece_list(text, kRoleKeys, path.string());
}

}  // namespace kintsugi::cli
