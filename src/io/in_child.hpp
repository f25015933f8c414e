#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace kintsugi {

/// What `work` returns, run in a child process, so that a library which a crafted file makes crash, loop or ask for
/// endless memory takes nothing with it. The child may use `memory` bytes more than this process has, and `seconds` of
/// processor time (twice that of wall time). An InputError of the work's is thrown here, too; InputError that begins
/// with `origin` where the child ends in another way; InternalError where there can be no child.
[[nodiscard]] std::vector<char> run_in_child(const std::function<std::vector<char>()>& work, const std::string& origin,
                                             std::size_t memory, unsigned seconds);

}  // namespace kintsugi
