#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/in_child.hpp"

/// The two ends of a child's work, for those who start children.
namespace kintsugi {

/// In the child: does the work within the limits and hands its outcome over. Never comes back.
[[noreturn]] void be_the_child(const std::function<std::vector<char>()>& work, int pipe, const ChildLimits& limits);

/// All that comes through the pipe until its end; nothing where the time is over or it is more than may be handed over.
[[nodiscard]] std::optional<std::vector<char>> receive_outcome(int pipe, const ChildLimits& limits);

/// The result in what was received from a child that ended with `status` (of waitpid). Throws as run_in_child().
[[nodiscard]] std::vector<char> result_of(std::optional<std::vector<char>> received, int status,
                                          const std::string& origin);

}  // namespace kintsugi
