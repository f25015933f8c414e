#include "support/environment.hpp"

#include <stdlib.h>

#include <cstdlib>
#include <stdexcept>

namespace kintsugi::testing {

std::optional<std::filesystem::path> shared_data(const std::string& relative) {
  const char* const given = std::getenv("KINTSUGI_SHARED");
  const std::filesystem::path folder = given != nullptr ? std::filesystem::path(given) : KINTSUGI_DEFAULT_SHARED;
  if (!std::filesystem::exists(folder / relative)) return std::nullopt;
  return folder / relative;
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "kintsugi-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + name);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace kintsugi::testing
