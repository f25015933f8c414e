#pragma once

#include <string_view>

namespace kintsugi::report {

/// A file that was built into the program (see CMakeLists.txt); empty where it was not there.
[[nodiscard]] std::string_view asset(std::string_view name);

}  // namespace kintsugi::report
