#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace kintsugi::testing {

/// `relative` below the folder that the environment variable KINTSUGI_SHARED names (default: `shared` beside the
/// repository); nothing where it is not there.
[[nodiscard]] std::optional<std::filesystem::path> shared_data(const std::string& relative);

/// A new empty folder, removed with everything in it at the end of the object's life.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace kintsugi::testing

/// Skips the test, loudly, unless the shared data is there: KINTSUGI_REQUIRE_SHARED(folder, "puzzle/pieces");
#define KINTSUGI_REQUIRE_SHARED(name, relative)                                                                     \
  const auto name##_found = kintsugi::testing::shared_data(relative);                                               \
  if (!name##_found) GTEST_SKIP() << "SKIPPED: no " << (relative) << " below $KINTSUGI_SHARED (default ../shared)"; \
  const std::filesystem::path& name = *name##_found
